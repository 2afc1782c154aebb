"""Colours, fonts and pictures of the tree's cells at one theme and zoom, looked up once instead of at every cell."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPixmap

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme

ROW_PX = 22
HEADER_PX = 24
PADDING_PX = 8
INDENT_PX = 12
ARROW_PX = 16
NAME_LEFT_PX = 4  # the arrow column begins here
CHECK_COLUMN_PX = 22
CHECK_PX = 14
_KEPT_TEXTS = 512


class TreeLook:
    """What cells paint with. Immutable; made anew when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        tokens = theme.tokens
        self.tokens = tokens
        self.zoom = theme.zoom
        self.px = theme.px
        self.icons = Icons(theme)
        self.name_font = theme.mono_font(12)
        self.number_font = theme.mono_font(11)
        self.text_font = theme.ui_font(12)
        self.caption_font = theme.ui_font(11)
        self.bold_caption_font = theme.ui_font(11, bold=True)
        self.name_metrics = QFontMetricsF(self.name_font)
        self.number_metrics = QFontMetricsF(self.number_font)
        self.number_advance = self.number_metrics.horizontalAdvance("0")
        self.text_metrics = QFontMetricsF(self.text_font)
        self.caption_metrics = QFontMetricsF(self.caption_font)
        self.text = QColor(tokens.text)
        self.muted = QColor(tokens.muted)
        self.faint = QColor(tokens.faint)
        self.strong = QColor(tokens.strong)
        self.border = QColor(tokens.border)
        self.raised = QColor(tokens.raised)
        self.accent = QColor(tokens.accent)
        self.error = QColor(tokens.error)
        self.hover = QColor(tokens.hover)
        self.selection = QColor(tokens.selection)
        self.on_selection = QColor(tokens.on_selection)
        self._half_capital = self.name_metrics.capHeight() / 2
        self._fitted: dict[tuple[str, int], str] = {}
        self._pictures: dict[tuple[str, str, int], QPixmap] = {}

    def baseline(self, cell: QRect) -> int:
        """Where all texts of a row stand, whatever their font: capitals lie in the middle."""
        return cell.y() + int(cell.height() / 2 + self._half_capital)

    def fitted(self, text: str, width: int) -> str:
        """A text in the text font, cut to a width; models have few types, so each is measured once."""
        key = (text, width)
        fitted = self._fitted.get(key)
        if fitted is None:
            if len(self._fitted) >= _KEPT_TEXTS:
                self._fitted.clear()
            fitted = self._fitted[key] = self.text_metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
        return fitted

    def picture(self, name: str, role: str, size_px: int) -> QPixmap:
        """An icon as a pixmap."""
        key = (name, role, size_px)
        if key not in self._pictures:
            self._pictures[key] = self.icons.pixmap(name, role, size_px)
        return self._pictures[key]
