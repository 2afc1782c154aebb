"""One file a way to get a model."""
