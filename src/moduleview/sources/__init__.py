"""Where records come from. The viewing side speaks to ``Source`` and cannot tell one from another."""
