"""Details that the definitions share."""
