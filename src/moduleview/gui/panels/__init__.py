"""One file a dockable panel; found by being there."""
