"""Puts modules into train or eval mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import nn

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.base import LiveRun
from moduleview.interventions.fields import choice
from moduleview.interventions.named_slots import NamedSlots
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.targets import chosen_modules, module_python, place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_TRAIN, _EVAL = "train", "eval"


class ModuleMode(OfferedChange, NamedSlots[bool]):
    """``module.train()`` or ``module.eval()``: dropout and batch norm of a subtree."""

    kind: ClassVar[str] = "module_mode"
    title: ClassVar[str] = "Set train or eval mode"
    summary: ClassVar[str] = (
        "Calls train() or eval() of the module: dropout, batch norm. A loop that calls model.train() sets it again."
    )
    section: ClassVar[str] = "Modules"
    fits: ClassVar[Fits] = Fits.MODULES
    fields: ClassVar[tuple[ChangeField, ...]] = (
        choice("mode", "Mode", (_EVAL, _TRAIN), "eval: dropout is off, batch norm uses its running statistics"),
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        OfferedChange.__init__(self, fqn, arguments)
        NamedSlots.__init__(self)

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """The other mode than that of now comes first."""
        is_training = chosen_modules(run.model, fqn)[fqn].training
        tip = "eval: dropout is off, batch norm uses its running statistics"
        return (choice("mode", "Mode", (_EVAL, _TRAIN), tip, _EVAL if is_training else _TRAIN),)

    def apply(self, run: LiveRun) -> str:
        """Set it as the module's own ``train`` does, and remember each module's."""
        modules = chosen_modules(run.model, self.fqn)
        self._former = {name: module.training for name, module in modules.items()}
        modules[self.fqn].train(self.text_of("mode") == _TRAIN)
        return f"{module_python(self.fqn)}.{self.text_of('mode')}()"

    def undo(self, run: LiveRun) -> str:
        """Bring back the mix that was there."""
        return self.bring_back(run.model)

    def write(self, model: nn.Module, values: Mapping[str, bool]) -> None:
        """See ``NamedSlots``."""
        modules = ModelIndex(model).modules
        for name, is_training in values.items():
            if name in modules:
                modules[name].training = is_training

    def python_of(self, names: tuple[str, ...], value: bool) -> str:
        """See ``NamedSlots``."""
        return f"for m in map(model.get_submodule, {names!r}): m.training = {value}"

    def __str__(self) -> str:
        return f"Set {place(self.fqn)} to {self.text_of('mode')} mode"
