"""The parts of the Findings panel: filter toggles, table, the selected finding in three parts."""
