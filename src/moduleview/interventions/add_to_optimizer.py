"""Gives an optimizer parameters that it does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from moduleview.interventions.added_group import add_group, take_away
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.fields import choice, number
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.optimizer_groups import (
    known_optimizers,
    nearest_optimizer,
    optimizer_called,
    optimizer_of_name,
)
from moduleview.interventions.targets import chosen_parameters, place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_RATE_TIP = "Of the new group; other settings are the optimizer's own"


class AddToOptimizer(OfferedChange):
    """As a group of their own. Of several optimizers the one that holds what stands nearest in the tree comes first."""

    kind: ClassVar[str] = "add_to_optimizer"
    title: ClassVar[str] = "Add to optimizer"
    summary: ClassVar[str] = (
        "Adds the parameters that no optimizer holds as a group of their own, so that they are trained."
    )
    section: ClassVar[str] = "Parameters"
    fits: ClassVar[Fits] = Fits.PARAMETERS
    fields: ClassVar[tuple[ChangeField, ...]] = (number("rate", "Learning rate", 0.001, _RATE_TIP, minimum=0),)

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self._added: Sequence[nn.Parameter] = ()
        self._optimizer: Optimizer | None = None
        self._where = "the optimizer"

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """With the optimizer's own rate, and which one, where there are several."""
        nearest = nearest_optimizer(run, next(iter(_missing(run, fqn))))
        rate = number("rate", "Learning rate", float(nearest.param_groups[0].get("lr", 0.001)), _RATE_TIP, minimum=0)
        if len(run.optimizers) == 1:
            return (rate,)
        names = [optimizer_called(run, one) for one in run.optimizers]
        tip = "At first the one that holds what stands nearest in the tree"
        return rate, choice("to", "To", names, tip, default=optimizer_called(run, nearest))

    def apply(self, run: LiveRun) -> str:
        """Add them."""
        missing = _missing(run, self.fqn)
        optimizer = nearest_optimizer(run, next(iter(missing)))
        if len(run.optimizers) > 1 and "to" in self.arguments:
            optimizer = optimizer_of_name(run, self.text_of("to"))
        lines = add_group(run, optimizer, missing, self.number_of("rate"))
        self._added, self._optimizer = list(missing.values()), optimizer
        self._where = optimizer_called(run, optimizer)
        return "\n".join(lines)

    def undo(self, run: LiveRun) -> str:
        """Let the optimizer forget them."""
        assert self._optimizer is not None
        optimizer, added = self._optimizer, {id(p) for p in self._added}
        named = {name: p for name, p in run.model.named_parameters() if id(p) in added}
        self._added, self._optimizer = (), None
        gone = f"{{model.get_parameter(name) for name in {tuple(named)!r}}}"
        return "\n".join(take_away(run, optimizer, named, gone))

    def __str__(self) -> str:
        return f"Added {place(self.fqn)} to {self._where}"


def _missing(run: LiveRun, fqn: str) -> Mapping[str, nn.Parameter]:
    held = {id(p) for optimizer in known_optimizers(run) for g in optimizer.param_groups for p in g["params"]}
    missing = {name: p for name, p in chosen_parameters(run.model, fqn).items() if id(p) not in held}
    if not missing:
        raise InterventionError(f"An optimizer holds all of {place(fqn)} already. There is nothing to add.")
    return missing
