"""A hook that goes where a person put it and nowhere else: copies and pickles of it do nothing."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import torch

_NOTHING = functools.partial(sys.audit, "moduleview.copied_hook")  # a builtin that takes anything and gives None


class SilentHook:
    """Calls its target and gives torch None, so that it changes nothing.

    ``deepcopy`` (an EMA of the model) duplicates module hooks, and ``torch.save(module)`` pickles them. Both get
    ``_NOTHING`` instead: the copy does not report into our step, and the file loads where moduleview is not installed.

    Args:
        target: What it calls.
        fail: Told what the target raises, which must not reach the run.
    """

    __slots__ = ("_fail", "_pid", "_target")

    def __init__(self, target: Callable[..., None], fail: Callable[[Exception], None]) -> None:
        self._target, self._fail = target, fail
        self._pid = os.getpid()

    def __call__(self, *args: Any) -> None:
        """Run the target, unless torch only looks at the code, or this is a forked worker."""
        if is_observable() and os.getpid() == self._pid:
            try:
                self._target(*args)
            except Exception as error:
                self._fail(error)

    @property
    def target(self) -> Callable[..., None]:
        """What it calls."""
        return self._target

    def __copy__(self) -> Callable[..., None]:
        return _NOTHING

    def __deepcopy__(self, memo: dict[int, Any]) -> Callable[..., None]:
        return _NOTHING

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial, (sys.audit, "moduleview.copied_hook")


def is_ours(hook: Any) -> bool:
    """A hook that moduleview put on."""
    while isinstance(hook, functools.partial):
        hook = hook.func
    if isinstance(hook, SilentHook):
        return True
    module = getattr(hook, "__module__", None) or type(hook).__module__
    return module.split(".")[0] == __name__.split(".")[0]


def is_torchs(hook: Any) -> bool:
    """A hook that torch put on for itself, as FSDP and pruning do."""
    while isinstance(hook, functools.partial):
        hook = hook.func
    return str(getattr(hook, "__module__", None) or type(hook).__module__).partition(".")[0] == "torch"


def is_observable() -> bool:
    """False while torch compiles, traces or runs a ``torch.func`` transform: then tensors hold no values of ours."""
    return not torch.compiler.is_compiling() and not is_transformed()


def is_transformed() -> bool:
    """The part of it that is not torch.compile's."""
    return torch._C._get_tracing_state() is not None or torch._C._functorch.maybe_current_level() is not None


def is_in_backward() -> bool:
    """A graph task runs in this thread: a forward now is a checkpoint's recompute, or backward's own code."""
    return torch._C._current_graph_task_id() != -1
