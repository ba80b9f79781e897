"""Standard triggers."""
