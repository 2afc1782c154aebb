"""Item models over snapshots; rows are addressed by number, never by a Python object."""
