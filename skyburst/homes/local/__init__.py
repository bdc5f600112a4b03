"""Home `local`: processes, a SQLite task table and a folder of objects on one machine."""
