"""The kinds of hook a person can tick, and what is known of each one that is ticked."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class HookKind(StrEnum):
    """A kind of hook that a person can tick; its value is also the prefix of the quantities it measures.

    A legacy backward hook (``register_backward_hook``) is shown where somebody has one, and is never put on.
    """

    FORWARD_PRE = "forward_pre"  # a module's inputs, before its forward
    FORWARD = "forward"  # a module's outputs
    BACKWARD_PRE = "backward_pre"  # gradient at the outputs, by torch's own full-backward-pre hook
    FULL_BACKWARD = "full_backward"  # gradient at the inputs, by torch's own full-backward hook
    BACKWARD = "backward"  # gradient at the outputs, by a hook on the output tensor: safe with in-place operations
    TENSOR = "tensor"  # a parameter's gradient of one backward pass (micro-batch), by ``Tensor.register_hook``
    POST_ACCUMULATE = "post_accumulate"  # a parameter's gradient as accumulated so far
    STATE_DICT = "state_dict"  # counts and times ``state_dict`` of a module
    LOAD_STATE_DICT = "load_state_dict"  # the same of ``load_state_dict``
    STEP_PRE = "optimizer_step_pre"  # counts the steps of the optimizers that hold the model's parameters
    STEP_POST = "optimizer_step_post"  # counts and times them


MODULE_KINDS = (
    HookKind.FORWARD_PRE,
    HookKind.FORWARD,
    HookKind.BACKWARD_PRE,
    HookKind.FULL_BACKWARD,
    HookKind.BACKWARD,
    HookKind.STATE_DICT,
    HookKind.LOAD_STATE_DICT,
)
PARAMETER_KINDS = (HookKind.TENSOR, HookKind.POST_ACCUMULATE)
OPTIMIZER_KINDS = (HookKind.STEP_PRE, HookKind.STEP_POST)  # ticked at the root, whose FQN is ""
COUNTING_KINDS = (HookKind.STATE_DICT, HookKind.LOAD_STATE_DICT, *OPTIMIZER_KINDS)  # they see no tensor


class HookStatus(StrEnum):
    """Where a ticked hook stands."""

    REQUESTED = "requested"  # asked for by the viewer; applies at the next safe point
    ACTIVE = "active"
    CANNOT_FIRE = "cannot_fire"  # not put on; ``reason`` says why
    FAILED = "failed"  # raised once, switched off; ``reason`` holds exception and step


class HookEntry(msgspec.Struct, frozen=True):
    """One hook that is on, or that could not be put on.

    Attributes:
        fqn: Module, or parameter (PARAMETER_KINDS), the hook sits on; "" for OPTIMIZER_KINDS.
        kind: Which hook.
        status: Never REQUESTED when it comes from the training side.
        reason: A sentence for CANNOT_FIRE and FAILED; for ACTIVE why it did not fire in the last step, else empty.
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
"""What a ticked hook measures of the tensor it sees; the quantity is ``f"{kind}.{statistic}"``.

Of a tensor of more than 4 096 elements they come from a sample of that many, others at each step. ``max`` is the
largest absolute value, of the sample; ``zero_share`` lies in 0..1; ``non_finite`` is a count of elements, estimated for
the whole tensor: on the CPU it is exact in a step whose loss is NaN or Inf, for what autograd still keeps of it, and in
the steps after one that had any.
"""


class HookForecast(msgspec.Struct, frozen=True):
    """What a hook would meet that is not on yet.

    Attributes:
        fqn: Module or parameter.
        kind: Which hook.
        reason: A sentence.
        is_refused: It would not be put on, or not fire; else it works, and the sentence says what to mind.
        instead: The kind that shows the same and works, or None.
    """

    fqn: str
    kind: HookKind
    reason: str
    is_refused: bool = True
    instead: HookKind | None = None


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
        last_error: What it last raised while counted, in one line, or "".
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
    """Everyone's hooks on one module, counted while somebody looks, and what those would meet that are not ticked.

    Newer than what its ``ModuleReport`` says of hooks.

    Attributes:
        is_compiled: As in ``ModuleReport``.
    """

    fqn: str
    hooks: tuple[FoundHook, ...]
    forecasts: tuple[HookForecast, ...] = ()
    is_compiled: bool = False
