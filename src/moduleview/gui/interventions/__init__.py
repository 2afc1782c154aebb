"""Changing the run from the window: which changes fit, the form that asks for one, and undo."""
