"""The parts of a training step, so that a failure can say where it happened."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """What the user's code is doing; the value begins the sentence that reports a failure."""

    OPENING = "Opening the target"
    DATA = "Taking the next batch"
    MOVING = "Moving the batch to the model's device"
    FORWARD = "The forward pass"
    LOSS = "The loss"
    BACKWARD = "The backward pass"
    OPTIMIZER = "The optimizer step"
    STEP = "The training step"
    OBSERVING = "Measuring the step"
