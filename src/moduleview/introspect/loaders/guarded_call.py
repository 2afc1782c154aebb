"""Runs a piece of the user's code and puts whatever comes out of it into one sentence."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from moduleview.errors import ModuleViewError, TargetError
from moduleview.introspect.user_traceback import user_traceback
from moduleview.telemetry.display_names import displayable

T = TypeVar("T")


def guarded_call(call: Callable[[], T], doing: str) -> T:
    """What ``call`` gives.

    Args:
        call: Runs the user's code.
        doing: Begins the sentence when it fails ("Importing digits.py").

    Raises:
        TargetError: It raised anything, SystemExit and KeyboardInterrupt included; with their traceback as text. Our
            own errors pass as they are.
    """
    try:
        return call()
    except ModuleViewError:
        raise
    except BaseException as error:
        message, text = _sentence(error, doing), user_traceback(error)
        traceback.clear_frames(error.__traceback__)  # their tensors would stay until the garbage collector comes
    raise TargetError(message, text)


def _sentence(error: BaseException, doing: str) -> str:
    if isinstance(error, SystemExit):
        return f"{doing} asked Python to exit ({error.code!r}); put what it runs below 'if __name__ == \"__main__\":'."
    if isinstance(error, KeyboardInterrupt):
        return f"{doing} was interrupted (KeyboardInterrupt); open it again."
    if isinstance(error, SyntaxError) or "null bytes" in _text(error):
        line = getattr(error, "lineno", None)
        place = f" (line {line})" if line else ""
        return f"{doing} failed, for this is not valid Python{place}: {_text(error)}; correct it and open it again."
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{doing} failed, for there is no module {error.name!r}; install it beside moduleview."
    if isinstance(error, ImportError) and "no known parent package" in str(error):
        return f"{doing} failed, for the file belongs to a package; name it as package.module:name instead."
    text = _text(error)
    kind = type(error).__name__
    advice = "correct the code and open it again"
    if "signal only works in main thread" in text:  # that one draws the window
        advice = "put what sets signal handlers below 'if __name__ == \"__main__\":'"
    return f"{doing} raised {kind}{': ' if text else ''}{text}; {advice}."


def _text(error: BaseException) -> str:
    try:
        lines = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().splitlines()
    except Exception:
        return ""
    return displayable(lines[0]).replace("; ", ", ").rstrip(".") if lines else ""
