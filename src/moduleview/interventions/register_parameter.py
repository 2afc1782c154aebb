"""Makes a plain tensor a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import nn
from torch.optim import Optimizer

from moduleview.interventions.added_group import add_group, take_away
from moduleview.interventions.base import LiveRun
from moduleview.interventions.fields import choice, switch
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.optimizer_groups import nearest_optimizer, optimizer_called
from moduleview.interventions.plain_tensors import attribute_field, module_called, plain_tensor
from moduleview.interventions.schedules import schedules_of_one
from moduleview.interventions.targets import module_python, place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_ADD = switch(
    "add",
    "Add to the optimizer",
    True,
    "As a group of its own; of several optimizers the one that holds what stands nearest in the tree gets it",
)


class RegisterParameter(OfferedChange):
    """``register_parameter``: the tensor is saved, moved, and trained where an optimizer holds it."""

    kind: ClassVar[str] = "register_parameter"
    title: ClassVar[str] = "Register a tensor as parameter"
    summary: ClassVar[str] = (
        "Turns a plain tensor attribute into a parameter. No optimizer holds a new parameter: it is trained only where "
        "it is added to one."
    )
    section: ClassVar[str] = "Plain tensors"
    fits: ClassVar[Fits] = Fits.MODULES
    fields: ClassVar[tuple[ChangeField, ...]] = (
        choice("attribute", "Attribute", (), "A tensor that the module holds without having registered it"),
        _ADD,
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self._former: torch.Tensor | None = None
        self._parameter: nn.Parameter | None = None
        self._optimizer: Optimizer | None = None
        self._where = ""

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """With the tensors that there are."""
        return attribute_field(run.model, fqn, is_trainable=True), _ADD

    @property
    def note(self) -> str:
        """See ``Intervention``."""
        if self._parameter is None or self._optimizer is not None:
            return ""
        return "No optimizer holds it, so it is not trained; choose Add to optimizer for it."

    def apply(self, run: LiveRun) -> str:
        """Register it, and give it to the optimizer where that is wanted."""
        module, name = module_called(run.model, self.fqn), self.text_of("attribute")
        former = plain_tensor(module, name)
        optimizer = nearest_optimizer(run, self._own_fqn) if self.arguments["add"] else None
        if optimizer is not None:
            schedules_of_one(run, optimizer).refuse_others()
        parameter = nn.Parameter(former.detach())
        del module.__dict__[name]
        module.register_parameter(name, parameter)
        self._former, self._parameter, self._optimizer = former, parameter, optimizer
        self._where = "" if optimizer is None else f" and added it to {optimizer_called(run, optimizer)}"
        lines = [
            f"m = {module_python(self.fqn)}; tensor = m.{name}; del m.{name}",
            f"m.register_parameter({name!r}, torch.nn.Parameter(tensor.detach()))",
        ]
        if optimizer is not None:
            lines += add_group(run, optimizer, {self._own_fqn: parameter}, rate=None)
        return "\n".join(lines)

    def undo(self, run: LiveRun) -> str:
        """Hold it as a plain attribute again, with the value of now; the optimizer lets go of it."""
        module, name = module_called(run.model, self.fqn), self.text_of("attribute")
        parameter = module._parameters.pop(name, None)
        lines = [f"m = {module_python(self.fqn)}; parameter = m.{name}; del m.{name}; m.{name} = parameter.detach()"]
        if self._optimizer is not None and parameter is not None:
            lines += take_away(run, self._optimizer, {self._own_fqn: parameter}, "{parameter}")
        value = self._former if parameter is None else parameter.detach()
        if name not in module.__dict__ and value is not None:
            former = self._former
            is_same = former is not None and former.data_ptr() == value.data_ptr() and former.shape == value.shape
            module.__dict__[name] = former if is_same else value
        self._former = self._parameter = self._optimizer = None
        return "\n".join(lines)

    @property
    def _own_fqn(self) -> str:
        return f"{self.fqn}.{self.text_of('attribute')}" if self.fqn else self.text_of("attribute")

    def __str__(self) -> str:
        return f"Registered {self.text_of('attribute')} of {place(self.fqn)} as a parameter{self._where}"
