"""The page of keys names what single places in the window do with keys, not only the actions of the menus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea
from pytestqt.qtbot import QtBot
from scripted_source import make_test_window

import moduleview.gui
from moduleview.gui.actions.place_keys import PlaceKeys
from moduleview.gui.dialogs.shortcuts import ShortcutsDialog
from moduleview.gui.main_window import MainWindow

GUI = Path(moduleview.gui.__file__).parent
PLACES = {
    "tree/tree_keys.py": ("In the module tree",),
    "tree/filter_field.py": ("In the search field",),
    "plots/map_pointer.py": ("In the gradient map",),
    "plots/row_navigation.py": ("In the gradient map",),
    "plots/navigation.py": ("In every plot over steps",),
    "plots/legend.py": ("In the legend of the curves",),
    "widgets/row_table.py": ("In every table",),
    "inspector/hook_box.py": ("In every table",),
    "lab/pipeline_column.py": ("In the tensor lab",),
    "lab/copies_column.py": ("In the tensor lab",),
    "lab/cells_table.py": ("In the tensor lab",),
    "lab/where_from_picture.py": ("In the tensor lab",),
    "lab/argument_field.py": ("In the tensor lab",),
    "plots/lab_image.py": ("In the tensor lab",),
    "console/cell_input.py": ("In the console",),
    "widgets/code_editor.py": ("In every editor of code",),
}
THE_SAME = {"Enter": "Return", "=": "+", "Backtab": "Tab"}  # on another place of the keyboard
_KEY = re.compile(r"\bKey_(?!\w*Modifier)(\w+)")


@pytest.fixture
def lines(qapp: QApplication) -> PlaceKeys:
    return PlaceKeys(qapp)


def written(name: str) -> str:
    text = QKeySequence(getattr(Qt.Key, f"Key_{name}")).toString(QKeySequence.SequenceFormat.PortableText)
    return THE_SAME.get(text, text)


@pytest.mark.parametrize("file", PLACES)
def test_every_key_that_a_place_takes_is_named(file: str, lines: PlaceKeys) -> None:
    taken = {written(name) for name in _KEY.findall((GUI / file).read_text())}
    named = {
        keys.rpartition("+")[2] or "+"
        for line in lines.lines()
        if line.menu in PLACES[file]
        for keys in line.keys.split("; ")
    }
    assert taken
    assert taken <= named


def test_no_view_takes_keys_that_the_page_knows_nothing_of() -> None:
    takes = {str(path.relative_to(GUI)) for path in GUI.rglob("*.py") if _KEY.search(path.read_text())}
    assert takes - set(PLACES) == {"actions/command_palette.py"}  # where they do what they do in every list


def test_every_key_of_the_page_is_one(lines: PlaceKeys) -> None:
    for line in lines.lines():
        assert line.text
        assert all(part for part in line.text.split(", ")), line


def test_question_mark_shows_the_keys_of_places_below_those_of_the_menus(qtbot: QtBot, tmp_path: Path) -> None:
    window = make_test_window(qtbot, tmp_path)
    window.show()
    window.contents.actions.run("help.shortcuts")
    (dialog,) = window.findChildren(ShortcutsDialog)
    menus = list(dict.fromkeys(line.menu for line in dialog.shown()))
    assert menus[0] == "File"
    assert menus[-9:] == [
        "In the module tree",
        "In the search field",
        "In the gradient map",
        "In every plot over steps",
        "In the legend of the curves",
        "In every table",
        "In the tensor lab",
        "In the console",
        "In every editor of code",
    ]
    qtbot.keyClicks(dialog.filter, "wheel rows")
    said = {label.text() for label in dialog.findChildren(QLabel) if label.isVisible()}
    assert {"Wheel", "Ctrl+wheel"} <= said
    assert "F5" not in said
    dialog.accept()


@pytest.fixture(params=[1.0, 2.0])
def zoomed(request: pytest.FixtureRequest, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """A window at a zoom; the application's style is as it was for the tests after it."""
    window = make_test_window(qtbot, tmp_path)
    window.theme.set_zoom(request.param)
    yield window
    window.theme.set_zoom(1.0)


def test_every_key_of_the_page_can_be_seen(qtbot: QtBot, lines: PlaceKeys, zoomed: MainWindow) -> None:
    long = [replace(line, title=line.title * 2) for line in lines.lines()]
    dialog = ShortcutsDialog(long, zoomed.theme, zoomed)
    with qtbot.waitExposed(dialog):
        dialog.show()
    (area,) = dialog.findChildren(QScrollArea)
    edge = area.viewport().width()
    for label in dialog.findChildren(QLabel):
        if label.property("role") == "mono":
            assert label.mapTo(area.widget(), label.rect().topRight()).x() < edge, label.text()
            assert label.width() >= label.sizeHint().width()
    dialog.accept()
