"""What a hook calls, behind wrappers and partials: its name, and where that is written."""

from __future__ import annotations

import functools
import inspect
from types import CodeType
from typing import Any

from moduleview.hooks.silent_hook import SilentHook
from moduleview.hooks.user_hook import UserHook


def called_by(hook: Any) -> Any:
    """The function behind torch's wrappers and partials."""
    for _ in range(8):  # a chain that leads in a circle ends
        if isinstance(hook, functools.partial):
            hook = hook.func
        elif isinstance(hook, SilentHook):
            hook = hook.target
        elif isinstance(hook, UserHook):
            hook = hook.bound
        elif type(hook).__name__ == "_WrappedHook":
            hook = hook.hook
        else:
            break
    return hook


def name_of(called: Any) -> str:
    """Module and qualified name; of an object that can be called, its class's."""
    module = getattr(called, "__module__", None)
    prefix = f"{module}." if module and module != "__main__" else ""
    return f"{prefix}{getattr(called, '__qualname__', None) or type(called).__qualname__}"


def code_of(called: Any) -> CodeType | None:
    """What Python runs; None of what is written in C."""
    function = getattr(called, "__func__", called)
    code = getattr(function, "__code__", None)
    if code is None and not inspect.isbuiltin(function):  # an object that can be called
        code = getattr(inspect.getattr_static(function, "__call__", None), "__code__", None)
    return code if isinstance(code, CodeType) else None


def location_of(called: Any) -> str:
    """Gives ``file:line``, from the code object alone: nothing is read from disk."""
    code = code_of(called)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""
