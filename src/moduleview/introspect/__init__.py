"""torch objects become snapshots and reports; loads models. Never Qt."""
