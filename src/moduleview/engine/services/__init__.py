"""One file a topic: what answers its commands at the safe point."""
