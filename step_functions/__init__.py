"""The state machines, and the functions that only they call."""
