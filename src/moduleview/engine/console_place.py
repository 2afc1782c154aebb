"""What of the console outlives a run: the names that a person made."""

from __future__ import annotations

from typing import Any


class ConsolePlace:
    """One for each target, however often it is opened anew. Training thread only.

    Attributes:
        names: The global names of all cells.
        given: Names that the program gave, and what it gave; a person may give them to something else.
        flags: Of ``compile``: features of ``__future__`` that a cell asked for.
        n_cells: That ran so far.
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.flags = 0
        self.n_cells = 0

    def give(self, name: str, value: object) -> None:
        """Make ``name`` stand for ``value``; where a person gave it to something else since, that stays."""
        if name not in self.names or self.given.get(name) is not value:
            self.names[name] = self.given[name] = value

    def own_meanings(self) -> list[str]:
        """The given names that a person gave to something else, but ``module``, which is given anew with each cell."""
        return [
            name
            for name, value in self.given.items()
            if name != "module" and name in self.names and self.names[name] is not value
        ]

    def n_own_names(self) -> int:
        """How many names a person made."""
        return sum(1 for name in self.names if name not in self.given and not name.startswith("_"))

    def let_go(self) -> None:
        """The run is over: drop what was given, so that its model can go. The person's own names stay."""
        for name, value in self.given.items():
            if self.names.get(name) is value:
                self.names.pop(name)
        self.given.clear()
        self.names.pop("_", None)
