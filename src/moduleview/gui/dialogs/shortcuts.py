"""The page of keys that ``?`` shows: those of the window's actions, and those of single places in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from moduleview.gui.dialogs.base import Dialog
from moduleview.gui.look.theme import Theme

_WIDTH_PX, _HEIGHT_PX = 720, 520
_N_COLUMNS = 2


@dataclass(frozen=True)
class Shortcut:
    """One line.

    Attributes:
        menu: Heading under which it stands.
        title: What the key does.
        keys: In Qt's portable notation ("Ctrl+O"); several are separated by "; ".
        gesture: What is done instead of a key, in words ("Drag").
    """

    menu: str
    title: str
    keys: str = ""
    gesture: str = ""

    @property
    def text(self) -> str:
        """As it is written on this system."""
        native = QKeySequence.SequenceFormat.NativeText
        return self.gesture or ", ".join(QKeySequence(keys).toString(native) for keys in self.keys.split("; "))


class ShortcutsDialog(Dialog):
    """All keys, by menu, filtered as a person types."""

    def __init__(self, shortcuts: Sequence[Shortcut], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("Keys"))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("shortcuts_dialog")
        self._shortcuts = [shortcut for shortcut in shortcuts if shortcut.keys or shortcut.gesture]
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(self.tr("Filter by word or key"))
        self.filter.setAccessibleName(self.tr("Filter"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._fill)
        self.body.addWidget(self.filter)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self.body.addWidget(self._scroll, 1)
        self.add_button(self.tr("Close"), self.accept, is_primary=True)
        theme.changed.connect(self._fill)
        self._fill()
        self.filter.setFocus()
        self.resize(theme.px(_WIDTH_PX), theme.px(_HEIGHT_PX))

    def shown(self) -> tuple[Shortcut, ...]:
        """What the filter leaves."""
        words = self.filter.text().casefold().split()
        return tuple(
            shortcut
            for shortcut in self._shortcuts
            if all(word in f"{shortcut.menu} {shortcut.title} {shortcut.text}".casefold() for word in words)
        )

    def _fill(self) -> None:
        page = QWidget(self._scroll)
        columns = QHBoxLayout(page)
        columns.setContentsMargins(0, 0, self.theme.px(8), 0)
        columns.setSpacing(self.theme.px(32))
        groups = [(menu, list(lines)) for menu, lines in groupby(self.shown(), key=lambda shortcut: shortcut.menu)]
        for group_of_column in _split_evenly(groups):
            columns.addLayout(self._make_column(group_of_column, page), 1)
        self._scroll.setWidget(page)
        page.setAutoFillBackground(False)  # setWidget turns it on; the dialog's own background is meant

    def _make_column(self, groups: list[tuple[str, list[Shortcut]]], page: QWidget) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(self.theme.px(16))
        for menu, shortcuts in groups:
            grid = QGridLayout()
            grid.setVerticalSpacing(self.theme.px(4))
            heading = QLabel(menu, page)
            heading.setProperty("role", "strong")
            grid.addWidget(heading, 0, 0, 1, 2)
            for row, shortcut in enumerate(shortcuts, start=1):
                title = QLabel(shortcut.title, page)
                title.setWordWrap(True)  # a longer language must not push the keys out of sight
                grid.addWidget(title, row, 0)
                keys = QLabel(shortcut.text, page)
                keys.setProperty("role", "mono")
                keys.setAlignment(Qt.AlignmentFlag.AlignRight)
                grid.addWidget(keys, row, 1)
            grid.setColumnStretch(0, 1)
            column.addLayout(grid)
        column.addStretch(1)
        return column


def _split_evenly(
    groups: list[tuple[str, list[Shortcut]]],
) -> list[list[tuple[str, list[Shortcut]]]]:
    """Groups in their order over the columns, about as many lines in each."""
    n_lines = sum(len(lines) + 1 for _, lines in groups)
    columns: list[list[tuple[str, list[Shortcut]]]] = [[] for _ in range(_N_COLUMNS)]
    n_before = 0
    for menu, lines in groups:
        columns[min(_N_COLUMNS - 1, n_before * _N_COLUMNS // max(n_lines, 1))].append((menu, lines))
        n_before += len(lines) + 1
    return columns
