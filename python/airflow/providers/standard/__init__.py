"""Operators, sensors and decorators that every installation has."""
