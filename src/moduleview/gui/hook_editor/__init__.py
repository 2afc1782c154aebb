"""Parts of the hook editor."""
