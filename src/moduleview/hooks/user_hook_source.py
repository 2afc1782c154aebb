"""Makes the function of a hook out of the text that a person wrote, and finds the line that an exception came from."""

from __future__ import annotations

import functools
import linecache
import math
from collections.abc import Mapping
from traceback import walk_tb
from typing import Any

import torch
from torch import nn

from moduleview.introspect.error_words import raised_words
from moduleview.introspect.user_traceback import user_traceback
from moduleview.telemetry.user_hook_arguments import python_words, value_of
from moduleview.telemetry.user_hook_code import HookCode, read_hook_code
from moduleview.telemetry.user_hooks_messages import Argument, HookProblem, WrittenHook

_LONGEST_MESSAGE = 600


class HookCodeError(Exception):
    """The code cannot become a hook."""

    def __init__(self, problem: HookProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def file_name(name: str) -> str:
    """What stands for a hook's file in a traceback."""
    return f"<hook {name}>"


def made_hook(written: WrittenHook) -> functools.partial[Any]:
    """Run the code, and bind the arguments to its last function. Training thread only.

    Each call runs the code anew: what its top level keeps is the hook's own. ``torch``, ``nn``, ``F`` and ``math`` are
    there without an import.

    Raises:
        HookCodeError: It cannot be read, raises, or takes no such arguments.
        CodeInterrupted: Where the caller let it be interrupted.
    """
    read = read_hook_code(written.code)
    if read.problem is not None:
        raise HookCodeError(read.problem)
    values = bound_arguments(read, written.arguments)
    name = file_name(written.name)
    lines = written.code.splitlines(keepends=True)
    linecache.cache[name] = (len(written.code), None, lines, name)  # for tracebacks; None: never read from a disk
    names = {"__name__": "__main__", "torch": torch, "nn": nn, "F": nn.functional, "math": math, "functools": functools}
    names["partial"] = functools.partial
    try:
        exec(compile(written.code, name, "exec", dont_inherit=True), names)
    except (Exception, SystemExit, GeneratorExit) as error:
        raise HookCodeError(problem_of(error, written.name)) from None
    function = names[read.function]
    if not callable(function):
        raise HookCodeError(HookProblem(f"{read.function} is nothing that can be called when the code has run."))
    return bound_anew(functools.partial(function), values)


def bound_anew(bound: functools.partial[Any], arguments: Mapping[str, Argument]) -> functools.partial[Any]:
    """The same function with other values; what else is bound to it stays."""
    values = {name: value_of(argument) for name, argument in arguments.items()}
    return functools.partial(bound, **values)


def called_name(bound: functools.partial[Any]) -> str:
    """As torch's messages have it; an object that can be called has its class's."""
    return str(getattr(bound.func, "__name__", type(bound.func).__name__))


def arguments_of(written: WrittenHook) -> dict[str, Argument]:
    """The values of all fields of a hook.

    Raises:
        HookCodeError: See ``bound_arguments``.
    """
    return bound_arguments(read_hook_code(written.code), written.arguments)


def bound_arguments(read: HookCode, arguments: Mapping[str, Argument]) -> dict[str, Argument]:
    """Of the fields that there are, the values that they can hold.

    Raises:
        HookCodeError: One cannot hold its value, or is none.
    """
    fields = {field.name: field for field in read.fields}
    for name, value in arguments.items():
        if name not in fields:
            raise HookCodeError(HookProblem(f"{read.function}() takes no keyword-only {name!r} with a default."))
        if not fields[name].fits(value):
            default = python_words(fields[name].default)
            raise HookCodeError(HookProblem(f"{name} cannot be {python_words(value)}; it is {default} by default."))
    defaults = {field.name: field.default for field in read.fields}
    return {name: _as_typed(defaults[name], value) for name, value in {**defaults, **arguments}.items()}


def _as_typed(default: Argument, value: Argument) -> Argument:
    return float(value) if type(default) is float and type(value) is int else value


def problem_of(error: BaseException, name: str) -> HookProblem:
    """What was raised, in words, with the hook's own line that it came from; the exception itself is not kept."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file_name(name)]
    return HookProblem(raised_words(error, _LONGEST_MESSAGE), lines[-1] if lines else None, user_traceback(error))


def forget_lines(name: str) -> None:
    """No traceback needs a hook's lines any more."""
    linecache.cache.pop(file_name(name), None)
