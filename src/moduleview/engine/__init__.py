"""Runs steps; serves a run to others."""
