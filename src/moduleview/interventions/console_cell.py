"""What a console's cell did to the run: written down, and not to be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from moduleview.interventions.base import Intervention, InterventionError, LiveRun


class ConsoleCell(Intervention):
    """Stands for code that has run already; applying it only gives the code.

    Args:
        cell: Its number.
        code: As it was typed.
        changed: What it changed, in a word or two each.
    """

    title: ClassVar[str] = "Console cell"

    def __init__(self, cell: int, code: str, changed: Sequence[str]) -> None:
        self._cell = cell
        self._code = code
        self._changed = tuple(changed)

    def apply(self, run: LiveRun) -> str:  # noqa: ARG002  it has run
        """The code of the cell."""
        return self._code

    def undo(self, run: LiveRun) -> str:  # noqa: ARG002
        """Never.

        Raises:
            InterventionError: Always: nobody knows what was there before.
        """
        raise InterventionError(
            f"Console cell {self._cell} cannot be taken back; write code that undoes it into the console."
        )

    @property
    def note(self) -> str:
        """That it stays."""
        return "Code of a console cell cannot be taken back."

    def is_undone_by(self, other: Intervention) -> bool:  # noqa: ARG002
        """By nothing."""
        return False

    def __str__(self) -> str:
        changed = f" changed {', '.join(self._changed)}" if self._changed else ""
        return f"Console cell {self._cell}{changed} (cannot be taken back)"
