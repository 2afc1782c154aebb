"""From a target to a task that may train or only be looked at."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from moduleview.engine.task import TrainingTask
from moduleview.engine.task_checks import check_types
from moduleview.errors import TargetError
from moduleview.introspect.constructions import Constructions
from moduleview.introspect.loaders.resolve import load_target
from moduleview.introspect.loaders.target import parse_target

Openable = str | Callable[[], nn.Module | TrainingTask]
"""As ``load_target`` takes it, or a callable that makes a model or a task anew each time."""


def open_target(target: Openable) -> TrainingTask:
    """Run the target's code and give the task it makes; a bare model becomes a task that cannot train.

    Training thread only: the user's code runs here.

    Raises:
        TargetError: There is no model in it; the sentence says what there is.
        TaskError: A part of the task is not what it must be.
        BaseException: Whatever the target's own code raises.
    """
    constructions = Constructions()
    with constructions.noted():
        made: object = load_target(target, accepts=(nn.Module, TrainingTask)) if isinstance(target, str) else target()
    task = TrainingTask(made) if isinstance(made, nn.Module) else made
    if not isinstance(task, TrainingTask):
        raise TargetError(f"The target makes a {type(made).__name__}; return an nn.Module or a TrainingTask.")
    task.constructions = constructions
    check_types(task)
    return task


def origin_of(target: Openable) -> str:
    """Where a target comes from, as a person would say it: the file's name, or ``package.module:name``."""
    if not isinstance(target, str):
        return getattr(target, "__qualname__", type(target).__name__)
    parsed = parse_target(target)
    place = parsed.path.name if parsed.path is not None else parsed.module or f"{parsed.sample}.py"
    return f"{place}:{parsed.name}" if parsed.name else place
