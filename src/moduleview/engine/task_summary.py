"""What the window says of a task, apart from its modules."""

from __future__ import annotations

from moduleview.engine.device import available_devices, devices_of
from moduleview.engine.opening import Openable, origin_of
from moduleview.engine.task import TrainingTask
from moduleview.engine.task_checks import why_it_cannot_train
from moduleview.telemetry.commands import SetTrainingData
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import TaskSummary

_REPR_LENGTH = 500
_TITLE_LENGTH = 60  # it stands in a line with the file's name


def summarise_task(task: TrainingTask, target: Openable, random_data: SetTrainingData | None) -> TaskSummary:
    """Training thread only.

    Args:
        task: As it is now.
        target: What it came from.
        random_data: What it trains on, where a person asked for random batches.
    """
    reason = why_it_cannot_train(task)
    return TaskSummary(
        title=displayable(str(task.title or type(task.model).__name__), _TITLE_LENGTH),
        origin=displayable(origin_of(target)),
        target=target if isinstance(target, str) else "",
        device=", ".join(str(device) for device in devices_of(task.model)) or "cpu",
        devices=available_devices(),
        can_train=not reason,
        cannot_train_reason=reason,
        optimizer="" if task.optimizer is None else repr(task.optimizer)[:_REPR_LENGTH],
        random_data=random_data,
    )
