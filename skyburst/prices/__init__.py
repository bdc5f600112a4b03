"""What AWS charges: prices as data with a date and a source, and which instance type is the cheapest for a need."""
