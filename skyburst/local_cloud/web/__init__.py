"""What people reach of a deployment with a browser: HTTP APIs, distributions, live events, and pools of users."""
