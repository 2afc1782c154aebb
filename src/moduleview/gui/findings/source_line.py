"""Where in the code a finding is: file and line, which a click copies for the editor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from moduleview.gui.findings.copy_button import CopyButton
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.display_names import displayable

_MAXIMUM_TEXT = 400


class SourceLine(QWidget):
    """Hidden where the place is not known. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.link = QPushButton(self)
        self.link.setFlat(True)
        self.link.setProperty("role", "link")
        self.link.setCursor(Qt.CursorShape.PointingHandCursor)
        self.link.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.copy = CopyButton(theme, self.tr("Copy file and line"), self)
        self.link.clicked.connect(self.copy.copy_now)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.link)
        self._row.addWidget(self.copy)
        self._row.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.show_source("")

    def show_source(self, source: str) -> None:
        """Show another place, ``file:line``."""
        self.setVisible(bool(source))
        self.copy.text_to_copy = source
        name = displayable(source.replace("\\", "/").rpartition("/")[2], _MAXIMUM_TEXT)
        self.link.setText(name)
        self.link.setAccessibleName(self.tr("Copy {0}").format(name))
        self.link.setToolTip(plain_tip(self.tr("{0}\nClick to copy").format(displayable(source, _MAXIMUM_TEXT))))

    def _on_theme_changed(self) -> None:
        self.link.setFont(self._theme.mono_font(11))
        self._row.setSpacing(self._theme.px(4))
