"""S1: a module that its owner holds, but that torch does not know of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import ClassVar

from torch import Tensor, nn

from moduleview.introspect.checked_run import CheckedRun, is_torchs
from moduleview.introspect.class_sources import Assignment
from moduleview.introspect.finding_words import counted, first_names
from moduleview.introspect.held_values import Held
from moduleview.introspect.module_report import written_class
from moduleview.introspect.registrations import element_count, registered_modules
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MAXIMUM_SHOWN = 6
_OWN_WAYS = ("state_dict", "_save_to_state_dict", "get_extra_state", "_apply", "parameters", "named_parameters")


@dataclass(frozen=True, eq=False)
class _Hidden:
    """A module that is not registered: where it stands, and the tensors that only it holds."""

    place: str
    module: nn.Module
    parameters: list[Tensor]
    buffers: list[Tensor]
    has_dropout: bool

    @property
    def n_elements(self) -> int:
        return element_count(self.parameters)


@dataclass
class _Reported:
    modules: set[int] = field(default_factory=set)


class UnregisteredModule(StructureCheck):
    """Walks through every module's plain attributes: lists, tuples, dicts, sets, closures and partial functions.

    One that is registered elsewhere in the model is in order, and so is one without parameters, buffers or dropout: it
    does the same whether torch knows of it or not. A class that saves or moves its parts itself is left alone, and so
    is a way back to the whole model.
    """

    id: ClassVar[str] = "S1"
    name: ClassVar[str] = "Unregistered module"
    explanation: ClassVar[str] = (
        "torch finds modules that are attributes of modules, not those inside a Python list, tuple, dict, set or "
        "closure. What it does not find is missing from parameters() and state_dict(): it is not trained, saved or "
        "moved to a device."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        reported = _Reported()
        return [
            self._finding(run, held, hidden)
            for held in run.held
            if held.modules and not _has_own_ways(type(held.owner.module))
            if (hidden := _hidden_in(run, held, reported))
        ]

    def _finding(self, run: CheckedRun, held: Held, hidden: list[_Hidden]) -> Finding:
        cls, attribute = written_class(type(held.owner.module)), held.attribute
        assignment = run.sources.assignment(cls, attribute)
        severity, consequence = _consequence(run, held, hidden)
        shown = [f"{one.place}: {type(one.module).__name__}, {one.n_elements:,} parameters" for one in hidden]
        n_elements = sum(one.n_elements for one in hidden)
        count = f"{counted(len(hidden), 'module')} with {n_elements:,} parameters"
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=severity,
            title=self.name if len(hidden) == 1 else f"{self.name}s",
            fqn=held.owner.fqn,
            rule=f"{cls.__name__}.{attribute} is {_kind(held.value)} not registered. {consequence}",
            evidence=(f"{count} in {attribute}:", *first_names(shown, _MAXIMUM_SHOWN)),
            advice=f"{_advice(held.value)}, before the optimizer is made.",
            source="" if is_torchs(cls) else assignment.location,
            fix=_corrected(held, hidden, assignment),
        )


def _has_own_ways(cls: type) -> bool:
    """It takes care of its own saving or moving."""
    return any(
        name in base.__dict__
        for base in cls.__mro__
        if base not in (nn.Module, object) and base.__module__.partition(".")[0] != "torch"
        for name in _OWN_WAYS
    )


def _hidden_in(run: CheckedRun, held: Held, reported: _Reported) -> list[_Hidden]:
    found = []
    for place, module in held.modules:
        if id(module) in run.module_fqns or id(module) in reported.modules:
            continue
        inside = list(registered_modules(module))
        if any(entry.module is run.model for entry in inside):
            continue
        parameters = [tensor for entry in inside for _, tensor in entry.parameters if id(tensor) not in run.tensors]
        buffers = [tensor for entry in inside for _, tensor in entry.buffers if id(tensor) not in run.tensors]
        has_dropout = any(isinstance(entry.module, nn.modules.dropout._DropoutNd) for entry in inside)
        if parameters or buffers or has_dropout:
            reported.modules.update(id(entry.module) for entry in inside)
            found.append(_Hidden(place, module, list(parameters), buffers, has_dropout))
    return found


def _consequence(run: CheckedRun, held: Held, hidden: list[_Hidden]) -> tuple[Severity, str]:
    trainable = [tensor for one in hidden for tensor in one.parameters if tensor.requires_grad]
    if trainable and not all(id(tensor) in run.optimized for tensor in trainable):
        return Severity.ERROR, "It is not trained by model.parameters(), not saved and not moved to a device."
    if any(one.parameters or one.buffers for one in hidden):
        is_meant = not trainable and _is_teacher(held.value)  # nobody goes past torch by accident
        severity = Severity.INFORMATION if is_meant else Severity.WARNING
        return severity, "It is not saved with the model and not moved to a device."
    return Severity.WARNING, "model.eval() does not reach it, so that dropout stays on."


def _is_teacher(value: object) -> bool:
    """One module in a place where torch does not look; in a list or tuple of its own, where it is in eval mode."""
    if isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], nn.Module):
        return not any(module.training for module in value[0].modules())
    return isinstance(value, nn.Module)


def _kind(value: object) -> str:
    if isinstance(value, nn.Module):
        return "a module that was stored past torch's own attribute access, so that it is"
    if isinstance(value, FunctionType | MethodType):
        return "a function: the module that it holds on to is"
    return f"a Python {type(value).__name__}: what stands in it is"


def _advice(value: object) -> str:
    if isinstance(value, dict):
        return "Use nn.ModuleDict instead of the dict"
    if isinstance(value, nn.Module) or callable(value):
        return "Give the module an attribute of its own"
    return f"Use nn.ModuleList instead of the {type(value).__name__}"


def _corrected(held: Held, hidden: list[_Hidden], assignment: Assignment) -> str:
    attribute, value = held.attribute, held.value
    if isinstance(value, nn.Module):
        return f'self.add_module("{attribute}", self.__dict__.pop("{attribute}"))'
    if callable(value):
        return _beside(hidden[0], attribute, assignment)
    written = assignment.code if assignment.code not in ("", "None") else f"self.{attribute}"
    is_dict = isinstance(value, dict)
    items = list(value.values() if isinstance(value, dict) else value if isinstance(value, Iterable) else ())
    if not all(isinstance(item, nn.Module) for item in items):
        made = f"[{', '.join(f'self.{one.place}' for one in hidden[:_MAXIMUM_SHOWN])}]"
        return f"self.{attribute}_modules = nn.ModuleList({made})  # beside it: registers them"
    if is_dict and not all(isinstance(key, str) for key in value):
        return f"self.{attribute} = nn.ModuleDict({{str(key): part for key, part in {written}.items()}})"
    return f"self.{attribute} = {'nn.ModuleDict' if is_dict else 'nn.ModuleList'}({written})"


def _beside(hidden: _Hidden, attribute: str, assignment: Assignment) -> str:
    """A function keeps its module; an attribute beside it registers it."""
    _, marker, rest = hidden.place.partition(" (its variable ")
    name = rest.partition(")")[0] if marker else type(hidden.module).__name__.lower()
    own = f"{name}_layer" if name == attribute else name
    return f"self.{own} = {name}  # registers it\nself.{attribute} = {assignment.code or f'self.{attribute}'}"
