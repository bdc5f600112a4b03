"""What `skyburst doctor` looks at: each check is a function that yields findings."""
