"""The run: its control in the toolbar, its numbers in toolbar and status bar."""
