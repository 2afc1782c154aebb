"""What a palette offers for what is typed: a short list that is searched by letters, or a model's names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from moduleview.gui.actions.fuzzy import best_matches
from moduleview.telemetry.display_names import displayable

LIMIT = 200  # rows; nobody reads further


@dataclass(frozen=True)
class PaletteEntry:
    """One line.

    Attributes:
        title: What is looked for.
        detail: At the right, muted: the keys, or a module's type.
        run: What Enter does.
        obstacle: Why it cannot be used now, "" when it can.
        is_code: The title is set in the fixed font.
        completion: What Tab types into the field; "" for nothing.
    """

    title: str
    detail: str
    run: Callable[[], object]
    obstacle: str = ""
    is_code: bool = False
    completion: str = ""


class PaletteChoices(ABC):
    """Answers at each key, in less than 16 ms."""

    @abstractmethod
    def entries(self, typed: str) -> Sequence[PaletteEntry]:
        """What fits, best first."""

    def problem(self, typed: str) -> str:  # noqa: ARG002  for children
        """A sentence where what was typed names nothing; "" else."""
        return ""


class ListedChoices(PaletteChoices):
    """A list that is made once."""

    def __init__(self, entries: Sequence[PaletteEntry]) -> None:
        self._entries = entries
        self._titles = [entry.title.lower() for entry in entries]

    def entries(self, typed: str) -> Sequence[PaletteEntry]:
        """Those that hold the letters in their order."""
        return [self._entries[row] for row in best_matches(self._titles, typed, LIMIT)]

    def problem(self, typed: str) -> str:
        """Say that nothing has these letters."""
        if not typed or best_matches(self._titles, typed, 1):
            return ""
        return QCoreApplication.translate("Palette", "Nothing here is called {0}.").format(displayable(typed, 60))
