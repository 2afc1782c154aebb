"""Shows a docstring that was made HTML; loads nothing, follows no link."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QUrl
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from moduleview.gui.look.theme import Theme


class DocumentView(QTextBrowser):
    """Words to read and to copy. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._html = ""
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "document")
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_html(self, html: str) -> None:
        """Show other words; to stay where one reads, nothing is done when they are the same."""
        if html != self._html:
            self._html = html
            self.setHtml(html)

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        """Nothing: whatever a document names stays where it is. Not None, for which Qt would open the file itself."""
        return QByteArray(b" ")

    def _on_theme_changed(self) -> None:
        tokens, px = self._theme.tokens, self._theme.px
        blue, _, green, _, brown, *_ = tokens.series
        mono, text = self._theme.mono_font(11), self._theme.ui_font(12)
        code = f"font-family: '{mono.family()}'; font-size: {px(11)}px;"
        self.setFont(text)
        self.document().setDocumentMargin(px(8))
        self.document().setDefaultStyleSheet(
            f"""
body, p, li, dd, dt, td {{ color: {tokens.text}; }}
h4 {{ color: {tokens.text}; margin-top: {px(12)}px; margin-bottom: {px(4)}px; font-weight: 600; }}
p {{ margin-top: {px(2)}px; margin-bottom: {px(6)}px; }}
pre, code, tt {{ {code} }}
pre {{ background-color: {tokens.raised}; margin: {px(4)}px 0; white-space: pre-wrap; }}
dd {{ margin-left: {px(16)}px; }}
dl, ul, ol {{ margin-top: 0; margin-bottom: {px(4)}px; -qt-list-indent: 1; }}
blockquote {{ margin-left: {px(12)}px; margin-right: 0; margin-top: {px(4)}px; margin-bottom: {px(4)}px; }}
.muted, .comment {{ color: {tokens.muted}; }}
.keyword {{ color: {blue}; }} .string {{ color: {green}; }} .number {{ color: {brown}; }}
"""
        )
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(tokens.panel))
        palette.setColor(QPalette.ColorRole.Text, QColor(tokens.text))
        self.setPalette(palette)
        self.setHtml(self._html)
