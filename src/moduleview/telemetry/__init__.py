"""What crosses between the training side and the viewing side, and the store of it. No torch, no Qt."""
