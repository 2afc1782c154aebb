"""The choices of "Go to": modules, parameters and buffers by path, each with what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication

from moduleview.gui.actions.name_search import NameSearch
from moduleview.gui.actions.palette_choices import LIMIT, PaletteChoices, PaletteEntry
from moduleview.gui.look import number_format
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.snapshot import ModelSnapshot

_CONTEXT = "NamedPlaces"


class NamedPlaces(PaletteChoices):
    """One snapshot's names. GUI thread only.

    Args:
        search: Finds them.
        go_to: Selects what has an FQN.
    """

    def __init__(self, search: NameSearch, go_to: Callable[[ModelSnapshot, str], object]) -> None:
        self._search = search
        self._go_to = go_to

    def entries(self, typed: str) -> Sequence[PaletteEntry]:
        """What has the path in its name; where nothing has, the names that are nearest to it."""
        rows = self._search.rows(typed, LIMIT) or self._search.nearest(typed)
        return [self._entry(row) for row in rows]

    def problem(self, typed: str) -> str:
        """What is not there, and what is near."""
        if self._search.rows(typed, 1):
            return ""
        translate = QCoreApplication.translate
        text = translate(_CONTEXT, "No module, parameter or buffer is called {0}.").format(displayable(typed, 60))
        nearest = self._search.nearest(typed)
        if not nearest:
            return text
        near = translate(_CONTEXT, "Nearest: {0}").format(displayable(self._search.name(nearest[0]), 60))
        return f"{text} {near}"

    def _entry(self, row: int) -> PaletteEntry:
        search, snapshot = self._search, self._search.snapshot
        name = search.name(row)
        return PaletteEntry(
            title=displayable(name or snapshot.names[0]),
            detail=self._module(row) if row < search.n_modules else self._tensor(row - search.n_modules),
            run=lambda: self._go_to(snapshot, name),
            is_code=True,
            completion=name,
        )

    def _module(self, node: int) -> str:
        return displayable(self._search.snapshot.type_names[node])

    def _tensor(self, row: int) -> str:
        """``parameter 768 × 256``."""
        tensors, translate = self._search.snapshot.tensors, QCoreApplication.translate
        kind = translate(_CONTEXT, "parameter") if tensors.is_parameter[row] else translate(_CONTEXT, "buffer")
        return f"{kind} {number_format.shape(tensors.shapes[row])}"
