"""What a developer writes: one folder an analysis."""
