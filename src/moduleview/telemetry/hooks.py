"""The kinds of hook a person can tick, and what is known of each one that is ticked."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class HookKind(StrEnum):
    """A kind of hook; its value is also the prefix of the quantities it measures (``forward.mean``).

    The order is the one in which torch runs them.
    """

    FORWARD_PRE = "forward_pre"  # a module's inputs, before its forward
    FORWARD = "forward"  # a module's outputs
    BACKWARD_PRE = "backward_pre"  # gradient at the outputs, by torch's own full-backward-pre hook
    BACKWARD = "backward"  # gradient at the outputs, by a hook on the output tensor: safe with in-place operations
    TENSOR = "tensor"  # a parameter's gradient of one backward pass (micro-batch), by ``Tensor.register_hook``


MODULE_KINDS = (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD_PRE, HookKind.BACKWARD)


class HookStatus(StrEnum):
    """Where a ticked hook stands."""

    REQUESTED = "requested"  # asked for by the viewer; applies at the next safe point
    ACTIVE = "active"
    CANNOT_FIRE = "cannot_fire"  # not put on; ``reason`` says why
    FAILED = "failed"  # raised once, switched off; ``reason`` holds exception and step


class HookEntry(msgspec.Struct, frozen=True):
    """One hook that is on, or that could not be put on.

    Attributes:
        fqn: Module (or, for TENSOR, parameter) the hook sits on.
        kind: Which hook.
        status: Never REQUESTED when it comes from the training side.
        reason: A sentence for CANNOT_FIRE and FAILED, else empty.
        n_fires: Calls since it was ticked.
        us_per_fire: Mean cost of one call in microseconds; NaN before the first.
        seen: Shape and dtype of what the last call saw, as a person reads it ("32 × 64 · float32").
        every: It looks at one step in so many, to keep within the budget.
        traceback: Of what it raised, with FAILED; else "".
    """

    fqn: str
    kind: HookKind
    status: HookStatus
    reason: str = ""
    n_fires: int = 0
    us_per_fire: float = float("nan")
    seen: str = ""
    every: int = 1
    traceback: str = ""


HOOK_STATISTICS = ("mean", "std", "max", "zero_share", "non_finite")
"""What every ticked hook measures of the tensor it sees; the quantity is ``f"{kind}.{statistic}"``.

``max`` is the largest absolute value; ``zero_share`` lies in 0..1; ``non_finite`` is a count of elements.
"""


class FoundHook(msgspec.Struct, frozen=True):
    """A hook that is on a module, a tensor, an optimizer, or on all of them, whoever put it there.

    Attributes:
        kind: As torch calls its table ("forward", "forward_pre", "backward", "tensor", "state_dict", ...).
        name: Qualified name of the callable.
        location: "file:line", or "" where Python does not know it.
        is_ours: Put on by moduleview.
        place: What it is on, when that is not the module itself: a parameter ("weight"), "every module", "AdamW",
            "every optimizer".
        order: Torch runs it as this one of its kind, from 1; those that are on every module count too.
        note: A sentence on what is special about it ("deprecated ..."), or "".
        n_fires: Calls since counting began; None where it is not counted.
        us_per_fire: Mean time of one call on the host, in microseconds; None before the first.
        not_counted: Why it is not counted although somebody looks, or "".
        last_error: What it last raised while counted, and when, in one line, or "".
        traceback: Of that error.
    """

    kind: str
    name: str
    location: str
    is_ours: bool
    place: str = ""
    order: int = 1
    note: str = ""
    n_fires: int | None = None
    us_per_fire: float | None = None
    not_counted: str = ""
    last_error: str = ""
    traceback: str = ""


class HooksFound(msgspec.Struct, frozen=True, tag=True):
    """Everyone's hooks on one module, counted while somebody looks; newer than those of its ``ModuleReport``."""

    fqn: str
    hooks: tuple[FoundHook, ...]
