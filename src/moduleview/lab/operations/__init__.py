"""The lab's operations, one file a topic."""
