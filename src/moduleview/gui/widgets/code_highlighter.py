"""The colours of code, read by Pygments: for what is shown and for what is being typed."""

from __future__ import annotations

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound
from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from moduleview.gui.look.tokens import Tokens

MAXIMUM_HIGHLIGHTED = 200_000  # characters: Pygments reads about 1 MB a second, and more is not code to be read
MAXIMUM_TYPED = 16_000  # read again at each key: a frame's time

_Span = tuple[int, int, _TokenType]  # first character in the line, length, kind


class CodeHighlighter(QSyntaxHighlighter):
    """Colours line by line what Pygments read in one go: strings and tracebacks go over many lines.

    Args:
        document: Whose text.
        follows_typing: Read the text again whenever it changes, as Python. Else ``read`` gives it.
    """

    def __init__(self, document: QTextDocument, *, follows_typing: bool = False) -> None:
        super().__init__(document)
        self.language = "python" if follows_typing else ""
        self._lines: list[list[_Span]] = []
        self._open_lines: set[int] = set()
        self._formats: list[tuple[_TokenType, QTextCharFormat]] = []
        self._is_old = follows_typing
        self._follows_typing = follows_typing
        if follows_typing:
            self.setDocument(None)
            document.contentsChange.connect(self._on_typed)  # before Qt's own slot, which asks for the colours
            self.setDocument(document)

    def read(self, text: str, language: str) -> None:
        """Find the spans of ``text``; the document takes the same text next."""
        self.language = language
        self._take(text if len(text) <= MAXIMUM_HIGHLIGHTED else "")

    def set_tokens(self, tokens: Tokens) -> None:
        """Take the colours of another theme."""
        self._formats = _formats(tokens)
        self.rehighlight()

    def highlightBlock(self, _text: str) -> None:
        """Qt asks for the colours of one line."""
        if self._is_old:
            self._is_old = False
            text = self.document().toPlainText()
            self._take(text if len(text) <= MAXIMUM_TYPED else "")
        line = self.currentBlock().blockNumber()
        if self._follows_typing:  # Qt goes on to the next line where this one's end means something else now
            self.setCurrentBlockState(int(line in self._open_lines))
        for first, length, kind in self._lines[line] if line < len(self._lines) else ():
            for family, text_format in self._formats:
                if kind[: len(family)] == family:  # a kind is the path of names from the general to the special
                    self.setFormat(first, length, text_format)
                    break

    def _take(self, text: str) -> None:
        self._lines, self._open_lines = _spans_by_line(_lexer(self.language), text)

    def _on_typed(self, *_: int) -> None:
        self._is_old = True


def _lexer(language: str) -> Lexer | None:
    if language in ("", "text"):
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, stripall=False, ensurenl=True)
    except ClassNotFound:
        return None


def _spans_by_line(lexer: Lexer | None, text: str) -> tuple[list[list[_Span]], set[int]]:
    """The spans of each line, and the numbers of the lines that end within a string."""
    lines: list[list[_Span]] = [[]]
    open_lines: set[int] = set()
    if lexer is None:
        return lines, open_lines
    column = 0
    for kind, value in lexer.get_tokens(text):
        for n_breaks, piece in enumerate(value.split("\n")):
            if n_breaks and kind[: len(String)] == String:
                open_lines.add(len(lines) - 1)
            if n_breaks:
                lines.append([])
                column = 0
            length = len(piece.encode("utf-16-le")) // 2  # Qt counts UTF-16 units
            if piece.strip():
                lines[-1].append((column, length, kind))
            column += length
    return lines, open_lines


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
