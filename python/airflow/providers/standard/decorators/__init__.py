"""Standard decorators."""
