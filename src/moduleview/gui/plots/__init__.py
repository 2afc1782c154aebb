"""Plots: the only importers of pyqtgraph, which has no types."""
