"""What is deployed as the function that tells pages of changes."""
