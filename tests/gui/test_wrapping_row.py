"""A row of widgets goes on in a next line."""

import pytest
from PySide6.QtWidgets import QWidget

from moduleview.gui.widgets.wrapping_row import WrappingRow


@pytest.fixture
def row(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    row = WrappingRow(widget)
    row.setContentsMargins(4, 2, 4, 2)
    row.setSpacing(6)
    for width in (50, 60, 70):
        part = QWidget(widget)
        part.setFixedSize(width, 20)
        row.addWidget(part)
    widget.show()
    yield row
    widget.close()  # held until here: a layout goes with its widget


def places(row):
    return [(item.geometry().x(), item.geometry().y()) for item in map(row.itemAt, range(row.count()))]


def test_all_stand_in_one_line_where_there_is_room(row):
    row.parentWidget().resize(row.sizeHint())
    assert row.sizeHint().width() == 4 + 50 + 6 + 60 + 6 + 70 + 4
    assert places(row) == [(4, 2), (60, 2), (126, 2)]
    assert row.heightForWidth(200) == 24


def test_what_does_not_fit_goes_to_the_next_line(row):
    row.parentWidget().resize(130, 60)
    assert places(row) == [(4, 2), (60, 2), (4, 22)]
    assert row.heightForWidth(130) == 44
    assert row.heightForWidth(10) == 64


def test_hidden_ones_take_no_room_and_a_removed_one_is_gone(row):
    row.itemAt(0).widget().hide()
    row.parentWidget().resize(200, 60)
    row.activate()
    assert places(row)[1:] == [(4, 2), (70, 2)]
    row.removeWidget(row.itemAt(1).widget())
    assert row.count() == 2
    assert row.itemAt(2) is None
    assert row.takeAt(5) is None
