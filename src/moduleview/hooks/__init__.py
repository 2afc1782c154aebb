"""Puts hooks on and takes them off, without a trace."""
