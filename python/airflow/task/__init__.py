"""What tasks are scheduled by."""
