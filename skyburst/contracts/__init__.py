"""What the parts of Skyburst tell each other: specifications, states and records, as plain data."""
