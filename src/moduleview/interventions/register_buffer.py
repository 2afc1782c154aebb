"""Makes a plain tensor a buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch

from moduleview.interventions.base import LiveRun
from moduleview.interventions.fields import choice, switch
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.plain_tensors import attribute_field, module_called, plain_tensor
from moduleview.interventions.targets import module_python, place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_PERSISTENT = switch(
    "persistent", "Saved with the model", True, "It stands in state_dict; otherwise it only moves with it"
)


class RegisterBuffer(OfferedChange):
    """``register_buffer``: the tensor moves with the module, and is saved where it is persistent."""

    kind: ClassVar[str] = "register_buffer"
    title: ClassVar[str] = "Register a tensor as buffer"
    summary: ClassVar[str] = (
        "Turns a plain tensor attribute into a buffer: it moves with the module, and is saved with it."
    )
    section: ClassVar[str] = "Plain tensors"
    fits: ClassVar[Fits] = Fits.MODULES
    fields: ClassVar[tuple[ChangeField, ...]] = (
        choice("attribute", "Attribute", (), "A tensor that the module holds without having registered it"),
        _PERSISTENT,
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self._former: torch.Tensor | None = None

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """With the tensors that there are."""
        return attribute_field(run.model, fqn, is_trainable=False), _PERSISTENT

    def apply(self, run: LiveRun) -> str:
        """Register it."""
        module, name = module_called(run.model, self.fqn), self.text_of("attribute")
        self._former = plain_tensor(module, name)
        persistent = bool(self.arguments["persistent"])
        del module.__dict__[name]
        module.register_buffer(name, self._former, persistent=persistent)
        return (
            f"m = {module_python(self.fqn)}; tensor = m.{name}; del m.{name}; "
            f"m.register_buffer({name!r}, tensor, persistent={persistent})"
        )

    def undo(self, run: LiveRun) -> str:
        """Hold it as a plain attribute again, with the value of now."""
        module, name = module_called(run.model, self.fqn), self.text_of("attribute")
        now = module._buffers.pop(name, None)
        module._non_persistent_buffers_set.discard(name)
        tensor = self._former if now is None else now
        if name not in module.__dict__ and tensor is not None:
            module.__dict__[name] = tensor
        self._former = None
        return f"m = {module_python(self.fqn)}; tensor = m.{name}; del m.{name}; m.{name} = tensor"

    def __str__(self) -> str:
        return f"Registered {self.text_of('attribute')} of {place(self.fqn)} as a buffer"
