"""Python source or a traceback to read and copy, highlighted by Pygments in the theme's colours."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFontMetricsF, QPalette
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_highlighter import CodeHighlighter

_TAB_WIDTH = 4


class CodeView(QPlainTextEdit):
    """Read-only code. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._highlighter = CodeHighlighter(self.document())
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setUndoRedoEnabled(False)
        self.setProperty("role", "code")
        self.setAccessibleName(self.tr("Code"))
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_code(self, text: str, language: str = "python") -> None:
        """Show other code.

        Args:
            text: The code; tabs are shown four wide.
            language: Pygments' name ("python", "pytb" for a traceback); "text" or one that Pygments does not know is
                shown without colours.
        """
        if text == self.toPlainText() and language == self._highlighter.language:
            return
        self._highlighter.read(text, language)
        self.setPlainText(text)

    def code(self) -> str:
        """The text that is shown."""
        return self.toPlainText()

    def _on_theme_changed(self) -> None:
        tokens = self._theme.tokens
        font = self._theme.mono_font(11)
        self.setFont(font)
        self.setTabStopDistance(_TAB_WIDTH * QFontMetricsF(font).horizontalAdvance(" "))
        self.document().setDocumentMargin(self._theme.px(8))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(tokens.panel))
        palette.setColor(QPalette.ColorRole.Text, QColor(tokens.text))
        self.setPalette(palette)
        self._highlighter.set_tokens(tokens)
