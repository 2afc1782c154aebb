"""The cells that were run, to be gone through with Up and Down; kept between two starts."""

from __future__ import annotations

import json

MAXIMUM_CELLS = 200
MAXIMUM_CHARACTERS = 50_000  # all together, in the settings


class CellHistory:
    """Cells, the oldest first, and a place in them. What was typed is the newest of all, until it is run."""

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._position: int | None = None  # None: at what is being typed
        self._typed = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The oldest first."""
        return tuple(self._cells)

    def add(self, code: str) -> None:
        """A cell was run; the same one twice in a row counts once."""
        if code.strip() and (not self._cells or self._cells[-1] != code):
            self._cells.append(code)
        self._cut()
        self.leave()

    def leave(self) -> None:
        """Something was typed: Up begins at the newest again."""
        self._position = None

    def earlier(self, shown: str) -> str | None:
        """The next older cell that begins as what was typed; None where there is none.

        Args:
            shown: What stands in the input now.
        """
        if self._position is None:
            self._typed = shown
        return self._found(range((len(self._cells) if self._position is None else self._position) - 1, -1, -1))

    def later(self) -> str | None:
        """The next newer one, and after the newest what was typed; None where that stands there already."""
        if self._position is None:
            return None
        found = self._found(range(self._position + 1, len(self._cells)))
        if found is None:
            self._position = None
            return self._typed
        return found

    def to_text(self) -> str:
        """For the settings."""
        return json.dumps(self._cells)

    def take_text(self, text: str) -> None:
        """Take what ``to_text`` gave; anything else is left."""
        try:
            cells = json.loads(text)
        except ValueError:
            return
        if isinstance(cells, list):
            self._cells = [cell for cell in cells if isinstance(cell, str)]
            self._cut()

    def _found(self, places: range) -> str | None:
        for place in places:
            if self._cells[place].startswith(self._typed):
                self._position = place
                return self._cells[place]
        return None

    def _cut(self) -> None:
        del self._cells[:-MAXIMUM_CELLS]
        while self._cells and sum(map(len, self._cells)) > MAXIMUM_CHARACTERS:
            del self._cells[0]
