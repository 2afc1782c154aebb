"""The left side of the welcome page: the name, ways to begin, what was opened before."""

from __future__ import annotations

import time
from typing import Protocol

from PySide6.QtGui import QKeySequence, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.recent_files import RecentFile, RecentFiles
from moduleview.gui.opening.relative_time import RelativeTime
from moduleview.gui.opening.target import Target
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.text_row import RowText, TextRow
from moduleview.telemetry.display_names import displayable

_START_ROW_PX, _RECENT_ROW_PX, _PADDING_PX, _ROW_PADDING_PX = 44, 36, 32, 8


class Begins(Protocol):
    """What this side asks for."""

    def open_target(self, target: str) -> None:
        """Open a target."""

    def choose_file(self) -> None:
        """Ask for a file and open it."""

    def choose_name(self) -> None:
        """Ask for a name and open it."""


class WelcomeSide(QFrame):
    """Name, start, recent. Follows theme and recent files by itself."""

    def __init__(self, theme: Theme, recent: RecentFiles, opener: Begins, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("welcome_side")
        self._theme = theme
        self._recent = recent
        self._opener = opener
        self._when = RelativeTime(self)
        self.recent_rows: list[TextRow] = []
        self._column = QVBoxLayout(self)
        self._indented: list[QHBoxLayout] = []
        self._add_name()
        self._add_start()
        self._add_recent()
        self._column.addStretch(1)
        recent.changed.connect(self._fill_recent)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Files may have gone, and time has, since the page was seen last."""
        super().showEvent(event)
        self._fill_recent()

    def _add_name(self) -> None:
        self._name = QLabel("moduleview", self)  # a name, in every language the same
        about = QLabel(self.tr("See a PyTorch model while it trains."), self)
        about.setProperty("role", "muted")
        for label in (self._name, about):
            self._add_indented(label)

    def _add_start(self) -> None:
        self._start_line = self._add_indented(self._make_heading(self.tr("Start")))
        rows = (
            (self.tr("Open a model"), self.tr("a Python file"), "open", "Ctrl+O", self._opener.choose_file),
            (
                self.tr("Open by name"),
                "file.py:name, package.module:name",
                "search",
                "Ctrl+Shift+O",
                self._opener.choose_name,
            ),
        )
        self.start_rows = []
        for line, below, icon, keys, run in rows:
            native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
            row = TextRow(RowText(icon, line, below, native, is_action=True), _START_ROW_PX, self._theme, self)
            row.clicked.connect(lambda _checked=False, run=run: run())
            self._column.addWidget(row)
            self.start_rows.append(row)

    def _add_recent(self) -> None:
        heading = QHBoxLayout()
        self._recent_heading = self._make_heading(self.tr("Recent"))
        self.clear_button = QPushButton(self.tr("Clear"), self)
        self.clear_button.setProperty("role", "link")
        self.clear_button.setAccessibleName(self.tr("Clear the recent files"))
        self.clear_button.clicked.connect(lambda _checked=False: self._recent.clear())
        heading.addWidget(self._recent_heading)
        heading.addStretch(1)
        heading.addWidget(self.clear_button)
        self._column.addLayout(heading)
        self._recent_line = heading
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self._column.addLayout(self._rows)

    def _fill_recent(self) -> None:
        for row in self.recent_rows:
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        entries = self._recent.entries()
        self.recent_rows = [self._make_recent_row(entry) for entry in entries]
        for row in self.recent_rows:
            self._rows.addWidget(row)
        self._recent_heading.setVisible(bool(entries))
        self.clear_button.setVisible(bool(entries))

    def _make_recent_row(self, entry: RecentFile) -> TextRow:
        target = Target.parse(entry.target)
        text = RowText(
            icon="file",
            line=displayable(target.title),
            below=displayable(target.folder),
            right=self._when.words(entry.opened_s, time.time()),
            is_action=False,
        )
        row = TextRow(text, _RECENT_ROW_PX, self._theme, self)
        row.setToolTip(plain_tip(displayable(entry.target)))
        row.clicked.connect(lambda _checked=False: self._opener.open_target(entry.target))
        return row

    def _add_indented(self, label: QLabel) -> QHBoxLayout:
        """Put a label where the rows' icons begin."""
        line = QHBoxLayout()
        line.addWidget(label)
        self._column.addLayout(line)
        self._indented.append(line)
        return line

    def _make_heading(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", "section")
        return label

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._name.setFont(self._theme.ui_font(20, bold=True))
        margin = px(_PADDING_PX - _ROW_PADDING_PX)
        self._column.setContentsMargins(margin, px(_PADDING_PX), margin, px(_PADDING_PX))
        self._column.setSpacing(0)
        for line in self._indented:
            line.setContentsMargins(px(_ROW_PADDING_PX), 0, px(_ROW_PADDING_PX), px(4))
        self._start_line.setContentsMargins(px(_ROW_PADDING_PX), px(20), 0, px(4))
        self._recent_line.setContentsMargins(px(_ROW_PADDING_PX), px(16), px(_ROW_PADDING_PX), px(4))
