"""Finds the hook of somebody's that an exception came out of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

import torch

from moduleview.hooks import counted_hook
from moduleview.hooks.counted_hook import original_of
from moduleview.hooks.hook_callable import called_by, code_of
from moduleview.hooks.kinds import HookSlot
from moduleview.hooks.silent_hook import is_ours, is_torchs

_TORCH = str(Path(torch.__file__).parent) + os.sep
_CALLERS = (_TORCH, counted_hook.__file__)


def raising_hooks(error: BaseException, slots: Callable[[], Iterable[HookSlot]]) -> tuple[HookSlot, ...]:
    """Which of these hooks torch had called when it raised; several where the same function stands there more often.

    Args:
        error: With its traceback, whose frames are read.
        slots: Gives all hooks; asked only where a hook may have been the one.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    calls = [(a, b) for a, b in pairwise(frames) if _is_callers(a) and not b.f_code.co_filename.startswith(_TORCH)]
    if not calls:
        return ()
    hooks = [slot for slot in slots() if not is_ours(original_of(slot.hook)) and not is_torchs(original_of(slot.hook))]
    for caller, called in reversed(calls):  # a hook may itself have called a module with hooks
        of_code = [slot for slot in hooks if code_of(called_by(original_of(slot.hook))) is called.f_code]
        held = {id(value) for value in caller.f_locals.values()}
        exact = [slot for slot in of_code if not held.isdisjoint({id(slot.hook), id(original_of(slot.hook))})]
        found = exact or [slot for slot in of_code if _may_be(called_by(original_of(slot.hook)), called)]
        if found:
            return tuple(found)
    return ()


def _is_callers(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_CALLERS)


def _may_be(function: Any, frame: FrameType) -> bool:
    """Functions that were made in one place differ in what they keep; autograd calls those of tensors from C++."""
    kept = zip(frame.f_code.co_freevars, getattr(function, "__closure__", None) or (), strict=False)
    own_self = getattr(function, "__self__", None)
    return all(frame.f_locals.get(name) is cell.cell_contents for name, cell in kept) and (
        own_self is None or own_self in frame.f_locals.values()
    )
