"""The corrected code of a finding, to read and to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from moduleview.gui.findings.copy_button import CopyButton
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_view import CodeView

_MOST_LINES = 6  # more are scrolled to
_MARGINS_PX = 26  # and a scroll bar below a long line


class FixView(QFrame):
    """As high as the code; hidden where there is none. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.copy = CopyButton(theme, self.tr("Copy the corrected code"), self)
        self.code = CodeView(theme, self)
        self.code.setAccessibleName(self.tr("Corrected code"))
        self.code.setToolTip(self.tr("Corrected code"))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.code, 1)
        self._row.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self._fit)
        self.show_fix("")

    def show_fix(self, fix: str) -> None:
        """Show other code."""
        self.setVisible(bool(fix))
        self.copy.text_to_copy = fix
        self.code.set_code(fix)
        self._fit()

    def _fit(self) -> None:
        n_lines = min(self.copy.text_to_copy.count("\n") + 1, _MOST_LINES)
        line = QFontMetricsF(self.code.font()).lineSpacing()
        fits = self.copy.text_to_copy.count("\n") < _MOST_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if fits else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.code.setVerticalScrollBarPolicy(policy)
        self.code.setFixedHeight(round(n_lines * line) + self._theme.px(_MARGINS_PX))
        self._row.setSpacing(self._theme.px(4))
