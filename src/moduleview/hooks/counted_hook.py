"""Stands in a table of torch's for somebody else's hook while a person looks, and counts its calls."""

from __future__ import annotations

import copy
import functools
import time
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import torch

from moduleview.hooks.hook_callable import called_by
from moduleview.hooks.silent_hook import is_torchs
from moduleview.introspect.user_traceback import user_traceback

_PLAIN = (FunctionType, MethodType, BuiltinFunctionType, functools.partial)
_LONGEST_MESSAGE = 300


@dataclass(eq=False)
class HookCount:
    """What was counted of one hook. On CUDA autograd's own threads write here."""

    n_fires: int = 0
    spent_s: float = 0.0
    last_error: str = ""
    traceback: str = ""

    def note_error(self, error: Exception) -> None:
        """Keep the words of an error; the error itself would keep its tensors alive."""
        self.last_error = f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
        self.traceback = user_traceback(error)


class CountedHook:
    """Calls the original with what it was given, and gives back or raises what the original does.

    Whoever copies, pickles, compares or inspects it finds the original: a model that is saved meanwhile has no trace of
    it. Only ``is`` and ``type`` tell the two apart, so it never stands for a hook of torch's own, which torch looks for
    that way (``why_not_counted``).
    """

    def __init__(self, original: Any, count: HookCount) -> None:
        own = {"_mv_original": original, "_mv_count": count}
        hidden = {name: getattr(original, name, None) for name in ("__module__", "__doc__")}  # the class has them too
        vars(self).update(own, **hidden)  # torch.compile reads them there; __setattr__ is the original's

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Count, time, and do as the original does."""
        if torch.compiler.is_compiling():
            return self._mv_original(*args, **kwargs)
        count = self._mv_count
        began_s = time.perf_counter()
        try:
            return self._mv_original(*args, **kwargs)
        except Exception as error:
            count.note_error(error)
            raise
        finally:
            count.spent_s += time.perf_counter() - began_s
            count.n_fires += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mv_original, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._mv_original, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._mv_original, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._mv_original == original_of(other))

    def __hash__(self) -> int:
        return hash(self._mv_original)

    def __repr__(self) -> str:
        return repr(self._mv_original)

    def __copy__(self) -> Any:
        return copy.copy(self._mv_original)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._mv_original, memo)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return copy.copy, (self._mv_original,)  # gives the original wherever it is loaded, without moduleview


class CountedObject(CountedHook):
    """The same for an object that can be called, which is also an instance of the original's class.

    Not for functions: torch.compile reads what a function has, and this has none of it.
    """

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # what isinstance asks
        return type(self._mv_original)


def counted(hook: Any) -> CountedHook:
    """What stands for a hook."""
    return (CountedHook if isinstance(hook, _PLAIN) else CountedObject)(hook, HookCount())


def original_of(hook: Any) -> Any:
    """The hook itself, where ours stands for it."""
    return hook._mv_original if issubclass(type(hook), CountedHook) else hook


def count_of(hook: Any) -> HookCount | None:
    """What was counted, where ours stands for it."""
    return hook._mv_count if issubclass(type(hook), CountedHook) else None


def why_not_counted(hook: Any) -> str:
    """A sentence where nothing may stand for this hook, "" where a counting one may.

    weight_norm, spectral_norm and pruning find theirs by class; torch's quantisation finds its own by identity.
    """
    if is_torchs(called_by(hook)):
        return "Not counted: it is torch's own, and torch finds it again by what it is."
    return ""
