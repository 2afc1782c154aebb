"""Three columns side by side; where there is no room for all, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme

_NARROW_PX = 620
_SHARES = (24, 33, 43)


class LabColumns(QWidget):
    """A splitter under a row of buttons that is there only in a narrow panel."""

    def __init__(self, theme: Theme, columns: Sequence[tuple[str, QWidget]], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._columns = [column for _name, column in columns]
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._group = QButtonGroup(self)
        self._bar = QWidget(self)
        self._row = QHBoxLayout(self._bar)
        self.buttons: list[QPushButton] = []
        for name, column in columns:
            column.setMinimumWidth(1)
            self._split.addWidget(column)
            self.buttons.append(self._make_button(name))
        self._row.addStretch(1)
        self._split.setSizes([1000 * share for share in _SHARES])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._bar)
        box.addWidget(self._split, 1)
        self.buttons[0].setChecked(True)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._show()

    @property
    def is_narrow(self) -> bool:
        """One column at a time is shown."""
        return self.width() < self._theme.px(_NARROW_PX)

    def bring(self, column: QWidget) -> None:
        """Show a column where only one has room."""
        self.buttons[self._columns.index(column)].setChecked(True)
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is room for all, or not."""
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        self._bar.setVisible(self.is_narrow)
        for button, column in zip(self.buttons, self._columns, strict=True):
            column.setVisible(button.isChecked() or not self.is_narrow)

    def _make_button(self, name: str) -> QPushButton:
        button = QPushButton(name, self._bar)
        button.setAccessibleName(name)
        button.setProperty("role", "toggle")
        button.setCheckable(True)
        button.clicked.connect(self._show)
        self._group.addButton(button)
        self._row.addWidget(button)
        return button

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(8), px(4), px(8), 0)
        self._row.setSpacing(px(2))
