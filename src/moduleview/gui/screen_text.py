"""Text from outside (names, paths, file contents) made fit to stand on the screen as what it is."""

from __future__ import annotations

import unicodedata

MAXIMUM_LENGTH = 200
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # control, bidirectional marks, surrogates, line breaks


def printable(text: str, maximum_length: int = MAXIMUM_LENGTH) -> str:
    r"""One line of at most ``maximum_length`` characters: control and bidirectional characters are written out.

    A name like ``mod\u202eelpy.exe`` would else read as another one.
    """
    shown = text if len(text) <= maximum_length else text[: maximum_length - 1] + "…"
    return "".join(_written_out(c) if unicodedata.category(c) in _INVISIBLE else c for c in shown)


def _written_out(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
