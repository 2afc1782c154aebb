"""Everyone's hooks on a module: who put what there, and where that is written."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from moduleview.hooks.kinds import hooks_of
from moduleview.hooks.silent_hook import SilentHook, is_ours
from moduleview.telemetry.records import FoundHook


def list_hooks(module: nn.Module) -> tuple[FoundHook, ...]:
    """Hooks in all of torch's tables of this module, and tensor hooks of its own parameters. Training thread only.

    What C++ registered, and hooks on gradient accumulators (as DistributedDataParallel's), torch does not tell.
    """
    return tuple(_describe(kind, hook) for kind, hook in (*hooks_of(module), *_tensor_hooks(module)))


def _tensor_hooks(module: nn.Module) -> Iterator[tuple[str, Any]]:
    for name, parameter in module._parameters.items():
        if parameter is None:
            continue
        for hook in list((parameter._backward_hooks or {}).values()):
            yield f"tensor ({name})", hook
        after = getattr(parameter, "_post_accumulate_grad_hooks", None) or {}
        for hook in list(after.values()):
            yield f"post_accumulate_grad ({name})", hook


def _describe(kind: str, hook: Any) -> FoundHook:
    target = _unwrapped(hook)
    name = getattr(target, "__qualname__", None) or type(target).__qualname__
    return FoundHook(kind, f"{_module_of(target)}{name}", _location(target), is_ours(hook))


def _unwrapped(hook: Any) -> Any:
    """The function behind torch's wrappers and partials."""
    for _ in range(8):  # a chain that leads in a circle ends
        if isinstance(hook, functools.partial):
            hook = hook.func
        elif isinstance(hook, SilentHook):
            hook = hook.target
        elif type(hook).__name__ == "_WrappedHook":
            hook = hook.hook
        else:
            break
    return hook


def _module_of(target: Any) -> str:
    module = getattr(target, "__module__", None)
    return f"{module}." if module and module != "__main__" else ""


def _location(target: Callable[..., Any]) -> str:
    """Gives ``file:line``, from the code object alone: nothing is read from disk."""
    function = getattr(target, "__func__", target)
    code = getattr(function, "__code__", None)
    if code is None and not inspect.isbuiltin(function):  # an object that can be called
        code = getattr(inspect.getattr_static(function, "__call__", None), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""
