"""The parts of the Inspector: header, tensor tables with the selected tensor's detail, hooks, documentation."""
