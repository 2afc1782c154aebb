"""Whether what was typed can be run, or more is to come: as Python's own console decides it."""

from __future__ import annotations

import codeop
import warnings

_LONGEST = 20_000  # characters that are compiled at a press of Enter; a longer text takes Ctrl+Enter


def is_complete(code: str) -> bool:
    """Enter at the end of ``code`` runs it.

    One line runs as soon as it is whole, and a wrong one too, so that its error is shown. Several lines run when the
    last one is empty.
    """
    if len(code) > _LONGEST:
        return False
    if "\n" in code:
        last = code.rpartition("\n")[2]
        return not last.strip() and _is_whole(code)
    return _is_whole(code)


def _is_whole(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "\n" in code:
                return codeop.compile_command(code + "\n", "<cell>", "exec") is not None
            return codeop.compile_command(code, "<cell>", "single") is not None
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return True
