"""What the numbers mean: one file a fault. Reads the store, never torch or Qt."""
