"""Python source or a traceback to read and copy, highlighted by Pygments in the theme's colours."""

from __future__ import annotations

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound
from PySide6.QtGui import QColor, QFontMetricsF, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.look.tokens import Tokens

MAXIMUM_HIGHLIGHTED = 200_000  # characters: Pygments reads about 1 MB a second, and more is not code to be read
_TAB_WIDTH = 4

_Span = tuple[int, int, _TokenType]  # first character in the line, length, kind


class CodeView(QPlainTextEdit):
    """Read-only code. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._highlighter = _Highlighter(self.document())
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


class _Highlighter(QSyntaxHighlighter):
    """Colours line by line what Pygments read in one go: strings and tracebacks go over many lines."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.language = ""
        self._lines: list[list[_Span]] = []
        self._formats: list[tuple[_TokenType, QTextCharFormat]] = []

    def read(self, text: str, language: str) -> None:
        """Find the spans of ``text``; the document takes the same text next."""
        self.language = language
        lexer = _lexer(language) if len(text) <= MAXIMUM_HIGHLIGHTED else None
        self._lines = [] if lexer is None else _spans_by_line(lexer, text)

    def set_tokens(self, tokens: Tokens) -> None:
        """Take the colours of another theme."""
        self._formats = _formats(tokens)
        self.rehighlight()

    def highlightBlock(self, _text: str) -> None:
        """Qt asks for the colours of one line."""
        line = self.currentBlock().blockNumber()
        for first, length, kind in self._lines[line] if line < len(self._lines) else ():
            for family, text_format in self._formats:
                if kind[: len(family)] == family:  # a kind is the path of names from the general to the special
                    self.setFormat(first, length, text_format)
                    break


def _lexer(language: str) -> Lexer | None:
    if language in ("", "text"):
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, stripall=False, ensurenl=True)
    except ClassNotFound:
        return None


def _spans_by_line(lexer: Lexer, text: str) -> list[list[_Span]]:
    lines: list[list[_Span]] = [[]]
    column = 0
    for kind, value in lexer.get_tokens(text):
        for n_breaks, piece in enumerate(value.split("\n")):
            if n_breaks:
                lines.append([])
                column = 0
            length = len(piece.encode("utf-16-le")) // 2  # Qt counts UTF-16 units
            if piece.strip():
                lines[-1].append((column, length, kind))
            column += length
    return lines


def _formats(tokens: Tokens) -> list[tuple[_TokenType, QTextCharFormat]]:
    """Few colours: those of the plots, whose contrast is known; what is most of the text has none. First match wins."""
    blue, _, green, _, brown, *_ = tokens.series

    def made(color: str, *, bold: bool = False) -> QTextCharFormat:
        text_format = QTextCharFormat()
        text_format.setForeground(QColor(color))
        if bold:
            text_format.setFontWeight(600)
        return text_format

    return [
        (Comment, made(tokens.muted)),
        (String.Doc, made(tokens.muted)),
        (String, made(green)),
        (Number, made(brown)),
        (Keyword, made(blue)),
        (Operator.Word, made(blue)),
        (Name.Class, made(tokens.text, bold=True)),
        (Name.Function, made(tokens.text, bold=True)),
        (Name.Decorator, made(tokens.muted)),
        (Name.Exception, made(tokens.text)),
        (Generic.Error, made(tokens.error)),
        (Generic.Traceback, made(tokens.muted)),
    ]
