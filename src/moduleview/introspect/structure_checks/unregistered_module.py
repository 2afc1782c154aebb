"""S1: a module that its owner holds, but that torch does not know of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from moduleview.introspect.attribute_source import Assignment, find_assignment
from moduleview.introspect.module_report import written_class
from moduleview.introspect.registrations import RegisteredModule, element_count, registered_modules
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MAXIMUM_DEPTH = 4  # containers in containers
_MAXIMUM_ITEMS = 10_000  # looked at in one attribute
_MAXIMUM_SHOWN = 6


@dataclass
class _Known:
    """Identities of what is registered, held by the optimizer, or was reported already."""

    modules: set[int] = field(default_factory=set)
    tensors: set[int] = field(default_factory=set)
    optimized: set[int] = field(default_factory=set)
    reported: set[int] = field(default_factory=set)


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


class UnregisteredModule(StructureCheck):
    """Walks through every module's plain attributes and looks for modules in lists, tuples, dicts and sets.

    One that is registered elsewhere in the model is in order, and so is one without parameters, buffers or dropout: it
    does the same whether torch knows of it or not.
    """

    id: ClassVar[str] = "S1"
    name: ClassVar[str] = "Unregistered module"
    explanation: ClassVar[str] = (
        "torch finds modules that are attributes of modules, not those inside a Python list, tuple, dict or set. What "
        "it does not find is missing from parameters() and state_dict(): it is not trained, saved or moved to a device."
    )

    def check(self, model: nn.Module, optimizer: Optimizer | None) -> list[Finding]:
        """See ``StructureCheck``."""
        entries = list(registered_modules(model))
        known = _Known(modules={id(entry.module) for entry in entries})
        for entry in entries:
            known.tensors.update(id(tensor) for _, tensor in (*entry.parameters, *entry.buffers))
        if optimizer is not None:
            known.optimized.update(id(p) for group in optimizer.param_groups for p in group["params"])
        torchs_own = frozenset(vars(nn.Module()))
        return [
            self._finding(entry, attribute, value, hidden, known)
            for entry in entries
            if not isinstance(entry.module, torch.jit.ScriptModule)
            for attribute, value in list(vars(entry.module).items())
            if attribute not in torchs_own
            if (hidden := list(_hidden_in(attribute, value, known)))
        ]

    def _finding(
        self, entry: RegisteredModule, attribute: str, value: object, hidden: list[_Hidden], known: _Known
    ) -> Finding:
        cls = written_class(type(entry.module))
        assignment = find_assignment(cls, attribute)
        severity, consequence = _consequence(hidden, known)
        shown = [f"{one.place}: {type(one.module).__name__}, {one.n_elements:,} parameters" for one in hidden]
        more = [f"and {len(shown) - _MAXIMUM_SHOWN} more"] if len(shown) > _MAXIMUM_SHOWN else []
        n_elements = sum(one.n_elements for one in hidden)
        count = f"{len(hidden)} module{'s' if len(hidden) > 1 else ''} with {n_elements:,} parameters"
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=severity,
            title=self.name if len(hidden) == 1 else f"{self.name}s",
            fqn=entry.fqn,
            rule=f"{cls.__name__}.{attribute} is {_kind(value)} not registered. {consequence}",
            evidence=(f"{count} in {attribute}:", *shown[:_MAXIMUM_SHOWN], *more),
            advice=f"Write  {_corrected(attribute, value, assignment)}  before the optimizer is made.",
            source=assignment.location,
        )


def _hidden_in(attribute: str, value: object, known: _Known) -> Iterator[_Hidden]:
    for place, module in islice(_modules_in(attribute, value, 0), _MAXIMUM_ITEMS):
        if id(module) in known.modules or id(module) in known.reported:
            continue
        inside = list(registered_modules(module))
        parameters = [tensor for entry in inside for _, tensor in entry.parameters if id(tensor) not in known.tensors]
        buffers = [tensor for entry in inside for _, tensor in entry.buffers if id(tensor) not in known.tensors]
        has_dropout = any(isinstance(entry.module, nn.modules.dropout._DropoutNd) for entry in inside)
        if parameters or buffers or has_dropout:
            known.reported.update(id(entry.module) for entry in inside)
            yield _Hidden(place, module, list(parameters), buffers, has_dropout)


def _modules_in(place: str, value: object, depth: int) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(value, nn.Module):
        yield place, value
        return
    if depth >= _MAXIMUM_DEPTH:
        return
    items: Iterable[tuple[object, object]]
    if isinstance(value, dict):
        items = list(islice(dict.items(value), _MAXIMUM_ITEMS))
    elif isinstance(value, list | tuple | set | frozenset | deque):
        items = list(enumerate(islice(value, _MAXIMUM_ITEMS)))
    else:
        return
    for key, item in items:
        if isinstance(item, nn.Module | dict | list | tuple | set | frozenset | deque):
            shown = repr(key) if isinstance(key, str | int) else f"<{type(key).__name__}>"
            yield from _modules_in(f"{place}[{shown}]", item, depth + 1)


def _consequence(hidden: list[_Hidden], known: _Known) -> tuple[Severity, str]:
    trainable = [tensor for one in hidden for tensor in one.parameters if tensor.requires_grad]
    if trainable and not all(id(tensor) in known.optimized for tensor in trainable):
        return Severity.ERROR, "It is not trained by model.parameters(), not saved and not moved to a device."
    if any(one.parameters or one.buffers for one in hidden):
        return Severity.WARNING, "It is not saved with the model and not moved to a device."
    return Severity.WARNING, "model.eval() does not reach it, so that dropout stays on."


def _kind(value: object) -> str:
    if isinstance(value, nn.Module):
        return "a module that was stored past torch's own attribute access, so that it is"
    return f"a Python {type(value).__name__}: what stands in it is"


def _corrected(attribute: str, value: object, assignment: Assignment) -> str:
    if isinstance(value, nn.Module):
        return f'self.add_module("{attribute}", ...)'
    container = "nn.ModuleDict" if isinstance(value, dict) else "nn.ModuleList"
    items = value.values() if isinstance(value, dict) else value
    is_flat = isinstance(items, Iterable) and all(isinstance(item, nn.Module) for item in items)
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        return f"self.{attribute} = nn.ModuleDict({{str(key): ...}})"
    if assignment.value and is_flat:
        return f"self.{attribute} = {container}({assignment.value})"
    written = "{...}" if isinstance(value, dict) else "[...]"
    return f"self.{attribute} = {container}({written if is_flat else written + ' of such containers'})"
