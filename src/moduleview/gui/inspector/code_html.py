"""Python as HTML, each token in a class of its family: the style sheet of who shows it gives the colours."""

from __future__ import annotations

import html

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Number, Operator, String, _TokenType

_FAMILIES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Generic.Prompt, "comment"),
    (Generic.Output, "comment"),
)
_LONGEST = 20_000  # characters; more is shown without colours


def code_html(code: str) -> str:
    """The inside of a ``<pre>``; lines with ``>>>`` are read as a console's."""
    if len(code) > _LONGEST:
        return html.escape(code)
    lexer = get_lexer_by_name("pycon" if code.lstrip().startswith(">>>") else "python", stripnl=False)
    return "".join(_span(kind, text) for kind, text in lexer.get_tokens(code)).rstrip("\n")


def _span(kind: _TokenType, text: str) -> str:
    family = next((name for head, name in _FAMILIES if kind[: len(head)] == head), "")
    escaped = html.escape(text)
    return f"<span class='{family}'>{escaped}</span>" if family and text.strip() else escaped
