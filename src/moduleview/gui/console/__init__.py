"""The console: what a person types, and what comes back."""
