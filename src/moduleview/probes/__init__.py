"""Measures; one file a measurement."""
