"""Pictures and data of plots as files."""
