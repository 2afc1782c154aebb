"""What torch is in the middle of in this thread, as the frames below tell: it walks tables of hooks meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from types import FrameType
from typing import Any

from moduleview.hooks.silent_hook import is_in_backward


class Walk(StrEnum):
    """Calls of torch's in which it goes through a table that would raise if it changed."""

    OPTIMIZER_STEP = "optimizer step"
    STATE_DICT = "state dict"


_WALKS = {
    ("torch.optim.optimizer", "wrapper"): Walk.OPTIMIZER_STEP,  # around every optimizer's step
    ("torch.nn.modules.module", "state_dict"): Walk.STATE_DICT,
    ("torch.nn.modules.module", "load_state_dict"): Walk.STATE_DICT,
}
_NAMES = frozenset(name for _, name in _WALKS)


def walks_below() -> list[Walk]:
    """Those that this thread is in, the innermost first."""
    return [walk for walk, _ in _walks()]


def outer_optimizers() -> list[Any]:
    """Those whose steps this thread is in, but for the innermost."""
    steps = [frame for walk, frame in _walks() if walk is Walk.OPTIMIZER_STEP]
    return [frame.f_locals.get("self") for frame in steps[1:]]


def may_tick_hooks() -> bool:
    """Hooks may be put on modules and parameters here, or taken off."""
    return not is_in_backward() and Walk.STATE_DICT not in walks_below()


def _walks() -> Iterator[tuple[Walk, FrameType]]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_name
        if name in _NAMES:
            walk = _WALKS.get((frame.f_globals.get("__name__", ""), name))
            if walk is not None:
                yield walk, frame
        frame = frame.f_back
