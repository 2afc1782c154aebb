"""Opens a target and runs its steps on the training thread; does between two steps what the viewing side asks for."""
