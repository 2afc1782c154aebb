"""A person's function for ``nn.Module.apply``, made of the text that was typed, and a module's own method."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from moduleview.interventions.base import InterventionError
from moduleview.interventions.initialising.time_limit import LONGEST_S, TookTooLong, time_limit
from moduleview.introspect.error_words import error_words

RAISED_BY_CODE = (Exception, SystemExit, KeyboardInterrupt)
"""What code of a person's raises. Not what ends the training thread, or code that takes too long: that passes."""
ModuleCall = Callable[[nn.Module], object]
FILE_NAME = "<initialiser>"
_NAME = "init"
_RESETS = ("reset_parameters", "_reset_parameters")


class FunctionError(InterventionError):
    """The text is no function that can be called with a module.

    Attributes:
        line: Of the text, from 1; 0 where it is about none.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def namespace() -> dict[str, Any]:
    """What the text finds without importing it."""
    return {"__name__": "initialiser", "torch": torch, "nn": nn, "math": math, "F": nn.functional}


def function_of(source: str) -> ModuleCall:
    """The function that the text defines: ``init``, or the only one there is.

    Raises:
        FunctionError: There is none, or the text does not run.
    """
    found = namespace()
    before = set(found)
    _run(source, found)
    functions = [value for name, value in found.items() if name not in before and inspect.isfunction(value)]
    function = found.get(_NAME)
    if not callable(function):
        if len(functions) != 1:
            raise FunctionError("Write one function that takes a module: def init(module): ...")
        function = functions[0]
    if _only_begins(function):
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", 0)
        raise FunctionError("A call of it would do nothing: write it with def, without async, await and yield.", line)
    return function


def _run(source: str, names: dict[str, Any]) -> None:
    try:
        with time_limit():
            exec(compile(source, FILE_NAME, "exec"), names)
    except SyntaxError as error:
        raise FunctionError(f"Line {error.lineno}: {error.msg}.", error.lineno or 0) from None
    except TookTooLong:
        raise FunctionError(f"The text had not ended after {LONGEST_S:.0f} s.") from None
    except RAISED_BY_CODE as error:
        raise FunctionError(f"The text raised {words_of(error)}", line_of(error)) from None


def _only_begins(function: Any) -> bool:
    """What it returns has to be awaited or gone through before a line of it runs."""
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    return any(is_kind(function) for is_kind in kinds)


def reset_of(module: nn.Module) -> str:
    """Name of the module's method for new starting values, "" where it has none."""
    return next((name for name in _RESETS if callable(getattr(type(module), name, None))), "")


def words_of(error: BaseException) -> str:
    """``ValueError: line 3: ...``: type, line of the person's text, first line of its own words."""
    lines = error_words(error).strip().splitlines()
    line = line_of(error)
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}: {lines[0]}" if lines else f"{type(error).__name__}{where}."


def line_of(error: BaseException) -> int:
    """Innermost line of the person's text that an exception passed, 0 for none."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
