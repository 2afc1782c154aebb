"""One file a check of a model's structure."""
