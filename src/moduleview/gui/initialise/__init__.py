"""The parts of the Initialise panel: the choice, what it would change, how the spread goes through the depth."""
