"""The one place where an exception in an item model's ``data()`` or in a delegate's ``paint()`` is caught.

Qt calls both from inside its painting: an exception that left them would come back at every frame. A guard turns
it into a placeholder cell and hands it to ``sys.excepthook``, once a place, so that the fault is seen and not a storm.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter

from moduleview.gui.widgets.plain_tip import plain_tip

PLACEHOLDER = "?"
Index = QModelIndex | QPersistentModelIndex
T = TypeVar("T")


class CellGuard:
    """Runs the bodies of a model's overrides. One for each model; GUI thread only.

    A model writes ``data`` as ``return self._guard.cell(self._cell, index, role)``.
    """

    def __init__(self) -> None:
        self._reported: set[tuple[str, int]] = set()

    def cell(self, read: Callable[[Index, int], object], index: Index, role: int) -> object:
        """What ``read(index, role)`` gives; after an exception ``?`` as text and nothing for other roles.

        A tooltip that looks like markup is escaped: it may hold a name.
        """
        fallback: object = PLACEHOLDER if role == Qt.ItemDataRole.DisplayRole else None
        value = self.call(lambda: read(index, role), fallback)
        return plain_tip(value) if role == Qt.ItemDataRole.ToolTipRole and isinstance(value, str) else value

    def call(self, body: Callable[[], T], fallback: T) -> T:
        """What ``body`` gives; after an exception ``fallback``. Each place that raises is reported once."""
        try:
            return body()
        except Exception as error:  # a wrapper's duty: whatever a model of ours raises
            self._report(error)
            return fallback

    def draw(self, painter: QPainter, cell: QRect, paint: Callable[[], None]) -> None:
        """Paint a cell; after an exception a ``?`` in its middle, in the pen that was set before."""
        painter.save()
        is_drawn = self.call(lambda: _done(paint), False)
        painter.restore()
        if not is_drawn:
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, PLACEHOLDER)

    def _report(self, error: Exception) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = ("", 0) if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        if place not in self._reported:
            self._reported.add(place)
            sys.excepthook(type(error), error, error.__traceback__)


def _done(paint: Callable[[], None]) -> bool:
    paint()
    return True
