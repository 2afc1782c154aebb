"""The window. Qt and pyqtgraph live here and only here; torch never does."""
