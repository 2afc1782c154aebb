"""Changes the run; one file a change, each reversible and entered in the journal."""
