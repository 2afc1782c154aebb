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
    """

    fqn: str
    kind: HookKind
    status: HookStatus
    reason: str = ""
    n_fires: int = 0
    us_per_fire: float = float("nan")
    seen: str = ""


HOOK_STATISTICS = ("mean", "std", "max", "zero_share", "non_finite")
"""What every ticked hook measures of the tensor it sees; the quantity is ``f"{kind}.{statistic}"``.

``max`` is the largest absolute value; ``zero_share`` lies in 0..1; ``non_finite`` is a count of elements.
"""
