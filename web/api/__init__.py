"""What is deployed as the function of the API."""
