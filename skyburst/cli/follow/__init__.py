"""Show how a job goes while it runs, on standard error: a bar, plain lines, or nothing."""
