"""What the window shows while nothing is open."""
