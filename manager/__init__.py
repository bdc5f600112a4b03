"""What is deployed as the manager's function."""
