"""Standard sensors."""
