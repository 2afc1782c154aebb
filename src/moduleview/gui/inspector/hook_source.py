"""The source of a hook that somebody put on, from the file that Python has it from."""

from __future__ import annotations

import inspect
import linecache
import tokenize

_MOST_LINES = 40
_LONGEST_LINE = 400


def hook_source(location: str) -> str:
    """The function at ``file:line``, at most 40 lines of it; "" where there is no such file, or nothing in that line.

    GUI thread: it reads one file, once; Python keeps it.
    """
    path, _, number = location.rpartition(":")
    first = int(number) if number.isdecimal() else 0
    linecache.checkcache(path)
    lines = linecache.getlines(path)
    if not 0 < first <= len(lines):
        return ""
    rest = lines[first - 1 :]
    try:
        block = inspect.getblock(rest)
    except (SyntaxError, tokenize.TokenError, IndentationError):  # somebody is editing it
        block = rest[:1]
    indent = len(block[0]) - len(block[0].lstrip())
    shown = [line.rstrip("\n")[indent if not line[:indent].strip() else 0 :][:_LONGEST_LINE] for line in block]
    return "\n".join([*shown[:_MOST_LINES], *(["..."] if len(shown) > _MOST_LINES else [])])
