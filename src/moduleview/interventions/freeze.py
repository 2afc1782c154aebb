"""Freezing: parameters that training leaves as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import nn

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.base import Intervention, LiveRun
from moduleview.interventions.named_slots import NamedSlots
from moduleview.interventions.targets import chosen_parameters, module_python, place


class Freeze(NamedSlots[bool]):
    """Sets ``requires_grad`` of one parameter, or of all in a module's subtree.

    A gradient that a frozen parameter still has is dropped: an optimizer with momentum goes on moving a weight whose
    gradient is there and zero, and leaves alone one that has none.

    Args:
        fqn: A module ("" is the whole model) or a parameter.
        frozen: False unfreezes.
    """

    title: ClassVar[str] = "Freeze"

    def __init__(self, fqn: str, frozen: bool) -> None:
        super().__init__()
        self.fqn = fqn
        self.frozen = frozen

    def apply(self, run: LiveRun) -> str:
        """Freeze or unfreeze, and remember which parameters were frozen before."""
        chosen = chosen_parameters(run.model, self.fqn)
        self._former = {name: parameter.requires_grad for name, parameter in chosen.items()}
        for parameter in chosen.values():
            _set(parameter, not self.frozen)
        after = "; p.grad = None" if self.frozen else ""
        if self.fqn in chosen or self.fqn in ModelIndex(run.model).parameters:
            return f"p = model.get_parameter({self.fqn!r}); p.requires_grad_({not self.frozen}){after}"
        return f"for p in {module_python(self.fqn)}.parameters(): p.requires_grad_({not self.frozen}){after}"

    def undo(self, run: LiveRun) -> str:
        """Bring back the mix of frozen and trainable parameters that was there."""
        return self.bring_back(run.model)

    def write(self, model: nn.Module, values: Mapping[str, bool]) -> None:
        """See ``NamedSlots``."""
        parameters = ModelIndex(model).parameters
        for name, required in values.items():
            if name in parameters:
                _set(parameters[name], required)

    def python_of(self, names: tuple[str, ...], value: bool) -> str:
        """See ``NamedSlots``."""
        return f"for name in {names!r}: model.get_parameter(name).requires_grad_({value})"

    def is_undone_by(self, other: Intervention) -> bool:
        """The opposite on the same node."""
        return isinstance(other, Freeze) and other.fqn == self.fqn and other.frozen is not self.frozen

    def __str__(self) -> str:
        return f"{'Froze' if self.frozen else 'Unfroze'} {place(self.fqn)}"


def _set(parameter: nn.Parameter, required: bool) -> None:
    parameter.requires_grad_(required)
    if not required:
        parameter.grad = None
