"""What became of a step that did not change the weights."""

from __future__ import annotations

import msgspec


class StepSkipped(msgspec.Struct, frozen=True, tag=True):
    """The optimizer's step was left out.

    Attributes:
        rank: Process.
        step: Counted from 0.
        reason: A sentence ("GradScaler found Inf or NaN in the gradients, at a scale of 65536.").
        loss_scale: Scale that the loss had in this step; NaN where it is not known.
    """

    rank: int
    step: int
    reason: str
    loss_scale: float = float("nan")
