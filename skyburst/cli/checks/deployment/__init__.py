"""What `skyburst doctor --on aws` looks at: credentials, the account, what is deployed in it, and a job that runs there."""
