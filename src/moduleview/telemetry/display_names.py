"""Names of modules and tensors made fit for a screen: a name is text from outside and may hold anything."""

from __future__ import annotations

import unicodedata

MAXIMUM_LENGTH = 200
_MAXIMUM_MARKS = 2  # combining marks on one letter; more of them paint over the lines around
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # control, bidirectional, surrogates, line breaks


def displayable(name: str, limit: int = MAXIMUM_LENGTH) -> str:
    r"""``name`` as one line of at most ``limit`` characters that shows what is in it.

    Control and bidirectional characters are written out (``\x1b``, ``\u202e``): a terminal would obey the first, and
    the second would make ``mod\u202eelpy`` read as another name. What is cut off shows as ``…``.
    """
    if len(name) <= limit and name.isascii() and name.isprintable():
        return name
    shown: list[str] = []
    n_shown, n_marks = 0, 0
    for character in name[: limit + 1]:
        n_marks = n_marks + 1 if unicodedata.combining(character) else 0
        hidden = n_marks > _MAXIMUM_MARKS or unicodedata.category(character) in _INVISIBLE
        part = _written_out(character) if hidden else character
        shown.append(part)
        n_shown += len(part)
        if n_shown > limit:
            break
    text = "".join(shown)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _written_out(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
