"""Sets the rate of dropout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.fields import number
from moduleview.interventions.named_slots import NamedSlots
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.targets import chosen_modules, place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_WITH_DROPOUT = (nn.MultiheadAttention, nn.RNNBase)  # their rate is an attribute called so


class DropoutRate(OfferedChange, NamedSlots[float]):
    """Of the dropout modules in a subtree, and of attention and recurrent modules that drop by themselves."""

    kind: ClassVar[str] = "dropout_rate"
    title: ClassVar[str] = "Set dropout rate"
    summary: ClassVar[str] = (
        "Of registered dropout modules, nn.MultiheadAttention and recurrent modules from the next step on; "
        "a rate that forward passes to F.dropout itself stays."
    )
    section: ClassVar[str] = "Modules"
    fits: ClassVar[Fits] = Fits.TYPES
    types: ClassVar[tuple[str, ...]] = (
        "Dropout",
        "Dropout1d",
        "Dropout2d",
        "Dropout3d",
        "AlphaDropout",
        "FeatureAlphaDropout",
        "MultiheadAttention",
        "RNN",
        "LSTM",
        "GRU",
    )
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("rate", "Rate", 0.1, "Share of elements that are dropped", minimum=0, maximum=1),
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        OfferedChange.__init__(self, fqn, arguments)
        NamedSlots.__init__(self)

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """With the rate that the first of them has now."""
        first = next(iter(_rates(run.model, fqn).values()))
        return (number("rate", "Rate", first, "Share of elements that are dropped", minimum=0, maximum=1),)

    def apply(self, run: LiveRun) -> str:
        """Set it, and remember each module's own."""
        self._former = _rates(run.model, self.fqn)
        rate = self.number_of("rate")
        self.write(run.model, dict.fromkeys(self._former, rate))
        return self.python_of(tuple(self._former), rate)

    def undo(self, run: LiveRun) -> str:
        """Bring back each module's own."""
        return self.bring_back(run.model)

    def write(self, model: nn.Module, values: Mapping[str, float]) -> None:
        """See ``NamedSlots``."""
        modules = ModelIndex(model).modules
        for name, rate in values.items():
            if name in modules and (attribute := _attribute(modules[name])):
                setattr(modules[name], attribute, rate)

    def python_of(self, names: tuple[str, ...], value: float) -> str:
        """See ``NamedSlots``."""
        return (
            f"for m in map(model.get_submodule, {names!r}): "
            f"setattr(m, 'p' if hasattr(m, 'p') else 'dropout', {value!r})"
        )

    def __str__(self) -> str:
        return f"Set the dropout rate of {place(self.fqn)} to {self.number_of('rate'):g}"


def _attribute(module: nn.Module) -> str:
    if isinstance(module, _DropoutNd):
        return "p"
    return "dropout" if isinstance(module, _WITH_DROPOUT) else ""


def _rates(model: nn.Module, fqn: str) -> dict[str, float]:
    modules = chosen_modules(model, fqn)
    rates = {name: float(getattr(m, attribute)) for name, m in modules.items() if (attribute := _attribute(m))}
    if not rates:
        raise InterventionError(f"There is no dropout in {place(fqn)} that is a module. Choose one that has some.")
    return rates
