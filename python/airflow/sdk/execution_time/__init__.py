"""What exists only while a task runs."""
