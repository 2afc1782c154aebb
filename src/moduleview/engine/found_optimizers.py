"""All optimizers that train a task, in an order that stays, with what a person's own step calls them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

from torch.optim import Optimizer

from moduleview.engine.living_optimizers import living_optimizers
from moduleview.engine.own_names import own_names
from moduleview.engine.task import TrainingTask


class FoundOptimizers:
    """That of the task, and where it has a step of its own, all others that hold a parameter of its model.

    Finding them takes some 30 ms: it is done when something is to be changed, not in each step. Training thread only.

    Attributes:
        names: Of optimizers and schedulers, by ``id``, as of the last look.
    """

    def __init__(self) -> None:
        self._found: list[weakref.ref[Optimizer]] = []
        self.names: Mapping[int, str] = {}

    def look(self, task: TrainingTask) -> None:
        """Find those that there are now; the ones found before keep their places."""
        known = () if task.optimizer is None else (task.optimizer,)
        self.names = own_names(task.step, task.loss)
        if task.step is not None:
            named = {number: place for place, number in enumerate(self.names)}
            known = tuple({id(one): one for one in (*known, *self.of(task))}.values())
            living = living_optimizers(task.model, known)
            new = sorted(living[len(known) :], key=lambda one: named.get(id(one), len(named)))
            known = (*known, *new)
        self._found = [weakref.ref(one) for one in known]

    def of(self, task: TrainingTask) -> tuple[Optimizer, ...]:
        """Those of the last look that are still there."""
        parameters = {id(parameter) for parameter in task.model.parameters()}
        found = [one for reference in self._found if (one := reference()) is not None]
        return tuple(
            one
            for one in found
            if one is task.optimizer or any(id(p) in parameters for group in one.param_groups for p in group["params"])
        )
