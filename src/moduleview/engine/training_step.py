"""One step of a task's training, and where in it the user's code is."""

from __future__ import annotations

from typing import Any

import torch

from moduleview.engine.batches import BatchFeed
from moduleview.engine.device import batch_device
from moduleview.engine.model_call import call_model, compute_loss, split_batch, step_loss
from moduleview.engine.phase import Phase
from moduleview.engine.task import TrainingTask
from moduleview.engine.tensor_tree import describe_tensors, move_tensors


class TrainingStep:
    """Makes the steps of one task. Training thread only.

    Gradients are cleared before the forward pass, not after the optimizer's step, so that they can be looked at
    between two steps.
    """

    def __init__(self, task: TrainingTask) -> None:
        self._task = task
        self._feed = None if task.batches is None else BatchFeed(task.batches)
        self._phase = Phase.OPENING
        self._batch: Any = None
        self._last_batch: Any = None

    @property
    def last_batch(self) -> Any:
        """The batch of the last step, until the next one is fetched; None where none was taken."""
        return self._last_batch

    @property
    def phase(self) -> Phase:
        """What the user's code is doing, or was when it raised."""
        return self._phase

    @property
    def batch_description(self) -> str:
        """Shapes and types of the batch that a step failed on, "" where none was taken or it cannot be looked at."""
        try:
            return describe_tensors(self._batch)
        except Exception:  # a mapping of the user's that raises
            return ""

    def fetch(self) -> None:
        """Take the next batch and move it to the model's device.

        Raises:
            BatchesEnded: There is none left.
            TaskError: There never was one.
        """
        self._phase = Phase.DATA
        self._last_batch = None
        if self._feed is not None:
            self._batch = self._feed.next()
            self._phase = Phase.MOVING
            device = batch_device(self._task.model)
            if device is not None:
                self._batch = move_tensors(self._batch, device)
        self._phase = Phase.OBSERVING

    def train(self) -> torch.Tensor | float:
        """Make the step on the batch that was fetched.

        Returns:
            The loss, detached, on the model's device.

        Raises:
            TaskError: The batch or the loss is not what a task's may be.
        """
        loss = self._train_own() if self._task.step is not None else self._train_usual()
        self._phase = Phase.OBSERVING
        self._last_batch, self._batch = self._batch, None
        return loss

    def forget(self) -> None:
        """Let go of the batch and of the position in the batches after a failure; a gradient that is half made too."""
        self._batch = self._last_batch = None
        if self._feed is not None and self._phase in (Phase.DATA, Phase.MOVING):
            self._feed.forget_position()
        if self._task.optimizer is not None:
            for group in self._task.optimizer.param_groups:  # zero_grad may be the very method that raised
                for parameter in group["params"]:
                    parameter.grad = None

    def release(self) -> None:
        """Let go of the batches and their workers."""
        self._batch = self._last_batch = None
        if self._feed is not None:
            self._feed.forget_position()

    def _train_own(self) -> torch.Tensor | float:
        assert self._task.step is not None
        self._phase = Phase.STEP
        return step_loss(self._task.step() if self._feed is None else self._task.step(self._batch))

    def _train_usual(self) -> torch.Tensor:
        task, optimizer = self._task, self._task.optimizer
        assert optimizer is not None
        self._phase = Phase.OPTIMIZER
        optimizer.zero_grad()
        self._phase = Phase.DATA
        inputs, target = split_batch(self._batch)
        self._phase = Phase.FORWARD
        outputs = call_model(task.model, inputs, is_whole_batch=inputs is target)
        self._phase = Phase.LOSS
        loss = compute_loss(task.loss, outputs, target)
        self._phase = Phase.BACKWARD
        torch.autograd.backward(loss)
        self._phase = Phase.OPTIMIZER
        optimizer.step()
        return loss.detach()
