"""A model, a delegate or a widget that raises while Qt paints is reported once, and the rest goes on."""

import sys

import pytest
from PySide6.QtCore import QAbstractListModel, QModelIndex, QStringListModel, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_guard import PLACEHOLDER, CellGuard
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.safe_paint import is_switched_off, safe_paint


class BrokenModel(QAbstractListModel):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._guard = CellGuard()

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        return 3

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        return self._guard.cell(self._cell, index, role)

    def _cell(self, index, role):
        if index.row() == 0:
            raise ValueError("row 0")
        if index.row() == 1:
            raise KeyError("row 1")
        return "fine"


def test_a_cell_that_raises_shows_a_placeholder_and_the_rest_goes_on(qtbot):
    model = BrokenModel()
    with qtbot.capture_exceptions() as seen:
        texts = [model.index(row).data() for row in range(3)]
    assert texts == [PLACEHOLDER, PLACEHOLDER, "fine"]
    assert [kind for kind, *_ in seen] == [ValueError, KeyError]


def test_the_same_place_is_reported_once_however_often_it_raises(qtbot):
    model = BrokenModel()
    with qtbot.capture_exceptions() as seen:
        for _ in range(100):
            model.index(0).data()
            model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert len(seen) == 1


def test_roles_other_than_text_have_no_placeholder(qtbot):
    model = BrokenModel()
    with qtbot.capture_exceptions():
        assert model.index(0).data(Qt.ItemDataRole.DecorationRole) is None


def test_cell_that_cannot_be_drawn_shows_a_placeholder_and_the_others_are_drawn(qtbot):
    """Fault row 38, in a delegate: the painter is left as it was found."""
    drawn = []

    class Broken(CellDelegate):
        def paint_content(self, painter, option, index):
            painter.translate(1000, 1000)
            painter.setOpacity(0.0)
            drawn.append(index.row())
            if index.row() == 1:
                raise ValueError("row 1")

    view = QListView()
    qtbot.addWidget(view)
    view.setModel(QStringListModel(["a", "b", "c"], view))
    view.setItemDelegate(Broken(Theme(view), None, view))
    view.resize(200, 200)
    with qtbot.capture_exceptions() as seen:
        pictures = [view.grab().toImage() for _ in range(3)]
    assert len(seen) == 1
    assert drawn == [0, 1, 2] * 3
    row = view.visualRect(view.model().index(1, 0)).translated(view.viewport().pos())
    cell = pictures[-1].copy(row)
    ground = cell.pixelColor(0, 0)
    assert any(cell.pixelColor(x, y) != ground for x in range(cell.width()) for y in range(cell.height())), "no ?"


@pytest.mark.parametrize("holds_a_painter", [False, True])
def test_widget_that_raises_in_paint_is_reported_once_and_paints_nothing_more(qtbot, monkeypatch, holds_a_painter):
    """Fault row 38, in a widget; the painter in the exception's frame goes with it, or Qt would warn at each frame."""
    reported = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, _error, _trace: reported.append(kind))

    class Broken(QWidget):
        n_painted = 0

        @safe_paint
        def paintEvent(self, _event):
            self.n_painted += 1
            painter = QPainter(self) if holds_a_painter else None
            raise ValueError(f"in paint {painter}")

    widget = Broken()
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitUntil(lambda: widget.n_painted == 1)
    for _ in range(5):
        widget.repaint()
    assert reported == [ValueError]
    assert widget.n_painted == 1
    assert is_switched_off(widget)
