"""What is deployed as the functions that list items and combine partial results."""
