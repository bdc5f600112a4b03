"""Programs on the PATH of commands. Each runs as a file, with any Python from 3.9 on, and imports the standard library alone."""
