"""Puts another activation in the place of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from torch import nn

from moduleview.hooks.model_index import ModelIndex, is_script
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.fields import choice
from moduleview.interventions.named_slots import NamedSlots
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_MAKERS: Mapping[str, Callable[[], nn.Module]] = {
    "GELU": nn.GELU,
    "ReLU": nn.ReLU,
    "SiLU": nn.SiLU,
    "Tanh": nn.Tanh,
    "LeakyReLU": nn.LeakyReLU,
    "ELU": nn.ELU,
    "SELU": nn.SELU,
    "Mish": nn.Mish,
    "Hardswish": nn.Hardswish,
    "Softplus": nn.Softplus,
    "Sigmoid": nn.Sigmoid,
    "Identity": nn.Identity,
}
_OTHERS = (
    "ReLU6",
    "CELU",
    "Hardtanh",
    "Hardsigmoid",
    "LogSigmoid",
    "Softsign",
    "Tanhshrink",
    "Threshold",
    "RReLU",
    # Hugging Face's
    "GELUActivation",
    "NewGELUActivation",
    "PytorchGELUTanh",
    "GELUTanh",
    "FastGELUActivation",
    "QuickGELUActivation",
    "ClippedGELUActivation",
    "AccurateGELUActivation",
    "SiLUActivation",
    "MishActivation",
    "LaplaceActivation",
    "ReLUSquaredActivation",
    "LinearActivation",
)
_TABLES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_is_full_backward_hook",
)


class SwapActivation(OfferedChange, NamedSlots[nn.Module]):
    """Of one module, or of every activation in a subtree. Hooks of everybody's follow to the new module.

    Class attributes:
        types: Classes that count as activations below what is chosen; all without parameters.
    """

    kind: ClassVar[str] = "swap_activation"
    title: ClassVar[str] = "Swap activation"
    summary: ClassVar[str] = (
        "Puts another activation in the place of each that is a registered module; hooks on it follow. "
        "What forward calls itself, as F.relu, stays."
    )
    section: ClassVar[str] = "Modules"
    fits: ClassVar[Fits] = Fits.TYPES
    types: ClassVar[tuple[str, ...]] = (*_MAKERS, *_OTHERS)
    fields: ClassVar[tuple[ChangeField, ...]] = (
        choice("to", "New activation", tuple(_MAKERS), "Made with its default arguments"),
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        OfferedChange.__init__(self, fqn, arguments)
        NamedSlots.__init__(self)

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """Another one than what stands there now comes first."""
        now = {type(module).__name__ for module in _activations(run.model, fqn).values()}
        first = next(name for name in _MAKERS if name not in now or len(now) > 1)
        return (choice("to", "New activation", tuple(_MAKERS), "Made with its default arguments", first),)

    def apply(self, run: LiveRun) -> str:
        """Put new ones in; a module that stands at several places is replaced by one at all of them."""
        found = _activations(run.model, self.fqn)
        self._former = dict(found)
        new: dict[int, nn.Module] = {}
        for module in found.values():
            if id(module) not in new:
                new[id(module)] = _with_hooks_of(module, _MAKERS[self.text_of("to")]())
        self.write(run.model, {name: new[id(module)] for name, module in found.items()})
        maker = f"nn.{self.text_of('to')}()"
        lines = [f"before_{self.number} = {{name: model.get_submodule(name) for name in {tuple(found)!r}}}"]
        lines += [f"for name, old in before_{self.number}.items():"]
        lines += [f"    new = {maker}.train(old.training)  # hooks: register them on it again"]
        lines += ["    model.set_submodule(name, new)"]
        return "\n".join(lines)

    def undo(self, run: LiveRun) -> str:
        """Put the old ones back, with the hooks that are there now."""
        names = tuple(self._former)
        self.bring_back(run.model)
        return f"for name in {names!r}: model.set_submodule(name, before_{self.number}[name])"

    def write(self, model: nn.Module, values: Mapping[str, nn.Module]) -> None:
        """See ``NamedSlots``."""
        modules = ModelIndex(model).modules
        for name, module in values.items():
            owner, _, own_name = name.rpartition(".")
            if owner in modules and own_name in modules[owner]._modules:
                module.training = modules[name].training
                modules[owner]._modules[own_name] = module

    def python_of(self, names: tuple[str, ...], value: nn.Module) -> str:  # noqa: ARG002
        """See ``NamedSlots``; ``undo`` writes its own."""
        return ""

    def __str__(self) -> str:
        return f"Swapped the activation in {place(self.fqn)} for {self.text_of('to')}"


def _activations(model: nn.Module, fqn: str) -> dict[str, nn.Module]:
    """By name, a module at each of its places."""
    modules = ModelIndex(model).modules
    if fqn not in modules:
        raise InterventionError(f"There is no module called {fqn} now. Choose another one.")
    below = f"{fqn}." if fqn else ""
    found = {
        name: module
        for name, module in modules.items()
        if name and (name == fqn or name.startswith(below)) and _is_activation(module)
    }
    if not found:
        raise InterventionError(
            f"There is no activation in {place(fqn)} that is a registered module. "
            "What forward calls itself, as F.relu, "
            "cannot be swapped from outside."
        )
    return found


def _is_activation(module: nn.Module) -> bool:
    is_known = type(module).__name__ in SwapActivation.types
    return is_known and not module._parameters and not module._modules and not is_script(module)


def _with_hooks_of(old: nn.Module, new: nn.Module) -> nn.Module:
    """The new module with the very tables of the old one: handles know their table, and still take hooks off."""
    for table in _TABLES:
        if table in old.__dict__:
            new.__dict__[table] = old.__dict__[table]
    return new
