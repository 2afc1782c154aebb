"""A model that raises shows a placeholder and is reported once a place."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt

from moduleview.gui.models.safe_model import PLACEHOLDER, CellGuard


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
