"""Freezing: parameters that training leaves as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import nn

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.base import Intervention, InterventionError, LiveRun


class Freeze(Intervention):
    """Sets ``requires_grad`` of one parameter, or of all in a module's subtree.

    A gradient that a frozen parameter still has is dropped: an optimizer with momentum goes on moving a weight whose
    gradient is there and zero, and leaves alone one that has none.

    Args:
        fqn: A module ("" is the whole model) or a parameter.
        frozen: False unfreezes.
    """

    title: ClassVar[str] = "Freeze"

    def __init__(self, fqn: str, frozen: bool) -> None:
        self._fqn = fqn
        self._frozen = frozen
        self._former: Mapping[str, bool] = {}

    def apply(self, run: LiveRun) -> str:
        """Freeze or unfreeze, and remember which parameters were frozen before."""
        index = ModelIndex(run.model)
        chosen = self._chosen(index)
        self._former = {name: parameter.requires_grad for name, parameter in chosen.items()}
        for parameter in chosen.values():
            _set(parameter, not self._frozen)
        after = "; p.grad = None" if self._frozen else ""
        if self._fqn in index.parameters:
            return f"p = model.get_parameter({self._fqn!r}); p.requires_grad_({not self._frozen}){after}"
        of = f"model.get_submodule({self._fqn!r})" if self._fqn else "model"
        return f"for p in {of}.parameters(): p.requires_grad_({not self._frozen}){after}"

    def undo(self, run: LiveRun) -> str:
        """Bring back the mix of frozen and trainable parameters that was there."""
        parameters = ModelIndex(run.model).parameters
        for name, required in self._former.items():
            if name in parameters:
                _set(parameters[name], required)
        trainable = tuple(name for name, required in self._former.items() if required)
        frozen = tuple(name for name, required in self._former.items() if not required)
        lines = [
            f"[model.get_parameter(name).requires_grad_({value}) for name in {names!r}]"
            for names, value in ((trainable, True), (frozen, False))
            if names
        ]
        return "; ".join(lines)

    def is_undone_by(self, other: Intervention) -> bool:
        """The opposite on the same node."""
        return isinstance(other, Freeze) and other._fqn == self._fqn and other._frozen is not self._frozen

    def __str__(self) -> str:
        return f"{'Froze' if self._frozen else 'Unfroze'} {self._fqn or 'the whole model'}"

    def _chosen(self, index: ModelIndex) -> dict[str, nn.Parameter]:
        if self._fqn in index.parameters:
            chosen = {self._fqn: index.parameters[self._fqn]}
        elif self._fqn in index.modules:
            below = f"{self._fqn}." if self._fqn else ""
            chosen = {name: p for name, p in index.parameters.items() if name.startswith(below)}
        else:
            raise InterventionError(f"There is no module or parameter called {self._fqn} now. Choose another one.")
        chosen = {name: p for name, p in chosen.items() if p.is_floating_point() or p.is_complex()}
        if not chosen:
            raise InterventionError(
                f"{self._fqn or 'The model'} has no parameters that could be trained. Choose a module that has some."
            )
        return chosen


def _set(parameter: nn.Parameter, required: bool) -> None:
    parameter.requires_grad_(required)
    if not required:
        parameter.grad = None
