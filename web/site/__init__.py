"""Entry point of the function that puts the page into its bucket."""
