"""The buttons over the pipeline's steps."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.icon_button import IconButton


class PipelineBar(QWidget):
    """Add at the left; move, remove and copy at the right. What they do is the column's."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.add = QPushButton(self.tr("Add an operation"), self)
        self.add.setAccessibleName(self.tr("Add an operation to the pipeline (Insert)"))
        self.add.setToolTip(self.tr("Add an operation behind the chosen step (Insert)"))
        self.up = IconButton(theme, "chevron-up", self.tr("Move the step up (Alt+Up)"), self)
        self.down = IconButton(theme, "chevron-down", self.tr("Move the step down (Alt+Down)"), self)
        self.remove = IconButton(theme, "trash", self.tr("Remove the step (Delete)"), self)
        self.copy_line = IconButton(theme, "copy", self.tr("Copy the step's Python line (Ctrl+C)"), self)
        self.copy_all = IconButton(theme, "code", self.tr("Copy all as Python"), self)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.add)
        self._row.addStretch(1)
        for button in (self.up, self.down, self.remove, self.copy_line, self.copy_all):
            self._row.addWidget(button)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def enable(self, place: int, n_steps: int) -> None:
        """What can be done with the step at ``place``, -1 for the source, of so many."""
        self.remove.setEnabled(place >= 0)
        self.up.setEnabled(place > 0)
        self.down.setEnabled(0 <= place < n_steps - 1)
        self.copy_line.setEnabled(place >= 0)
        self.copy_all.setEnabled(n_steps > 0)

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(8), px(4), px(8), px(4))
        self._row.setSpacing(px(4))
