"""Values of a hook's fields: as they travel, as Python has them, and as Python writes them."""

from __future__ import annotations

import ast
import math
import warnings
from typing import Any

from moduleview.telemetry.user_hooks_messages import Argument, PythonLiteral

LONGEST_LITERAL = 10_000  # characters
_LARGEST = 2**63


def literal_value(node_or_text: ast.expr | str) -> Any:
    """What a literal stands for: nothing of it runs.

    Raises:
        ValueError: It is none.
    """
    if isinstance(node_or_text, str) and len(node_or_text) > LONGEST_LITERAL:
        raise ValueError(f"A value may have at most {LONGEST_LITERAL:,} characters.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that Python does not know stays as it is
            return ast.literal_eval(node_or_text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"It is no value as Python writes one: {error}") from None


def argument_of(value: Any) -> Argument:
    """A value as it travels: what is no plain one goes as the text of its literal."""
    return value if type(value) in (bool, int, float, str) else PythonLiteral(repr(value))


def value_of(argument: Argument) -> Any:
    """A value as the hook is given it; a list or a dict is a new one each time.

    Raises:
        ValueError: Its text is no literal.
    """
    return literal_value(argument.text) if isinstance(argument, PythonLiteral) else argument


def python_words(argument: Argument) -> str:
    """A value as a script writes it."""
    if isinstance(argument, PythonLiteral):
        return argument.text
    if isinstance(argument, int) and not -_LARGEST <= argument < _LARGEST:
        return hex(argument)  # of decimal digits Python writes 4,300 at most
    if isinstance(argument, float) and not math.isfinite(argument):
        return f"float('{argument}')"
    return repr(argument)


def kept_argument(argument: Argument) -> Argument | None:
    """As JSON can keep it, which has no NaN, no infinity and no number beyond 64 bits; None where nothing can."""
    if isinstance(argument, float) and not math.isfinite(argument):
        return None if math.isnan(argument) else PythonLiteral("1e999" if argument > 0 else "-1e999")
    if isinstance(argument, int) and not -_LARGEST <= argument < _LARGEST:
        return PythonLiteral(python_words(argument))
    return argument
