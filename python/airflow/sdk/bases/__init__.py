"""Base classes for operators, sensors, hooks and notifiers."""
