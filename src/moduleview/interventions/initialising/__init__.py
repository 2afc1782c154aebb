"""New starting values: what is planned, previewed on a copy, set, and kept so that it can be taken back."""
