"""What `skyburst new` copies, but for this file. It runs as it is: `skyburst run skyburst/cli/template`."""
