"""The command line: `skyburst`. Everything heavy is imported by the command that needs it, so that help comes at once."""
