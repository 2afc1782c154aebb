"""moduleview: see inside a PyTorch model while it trains."""

__version__ = "0.1.0"
