"""What is deployed as the functions that run batches."""
