"""From a TARGET to a source: trust, recent files, drops, and failures that say what to do."""
