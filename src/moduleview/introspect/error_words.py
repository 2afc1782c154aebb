"""What an exception says of itself: a person's own may have a ``__str__`` that raises."""

from __future__ import annotations


def error_words(error: BaseException) -> str:
    """``str(error)``, and "" where that raises."""
    try:
        return str(error)
    except Exception:  # a __str__ of the user's that raises
        return ""


def raised_words(error: BaseException, limit: int) -> str:
    """``ValueError: no repr today``, the words cut at ``limit`` characters."""
    words = error_words(error)
    words = words if len(words) <= limit else f"{words[: limit - 3]}..."
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
