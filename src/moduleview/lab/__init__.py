"""Computes on a tensor."""
