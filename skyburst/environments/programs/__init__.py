"""Programs on the PATH of commands. Each runs as a file, with any Python from 3.8 on, and imports the standard library alone."""
