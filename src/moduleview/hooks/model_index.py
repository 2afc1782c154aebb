"""Where the names of a snapshot lead to in the live model, found anew each time that its structure changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import nn

from moduleview.telemetry.snapshot import ModelSnapshot


class ModelIndex:
    """Modules and parameters of a model by FQN. Training thread only.

    Only ``_modules`` and ``_parameters`` are read, never an attribute: ``module.weight`` of a parametrized module
    computes, and with spectral_norm the computation changes a buffer.

    Attributes:
        modules: Every place of every module, in the rows' order of the snapshot; a shared module stands there as often
            as it is registered.
        parameters: Every place of every parameter, tied ones as often as they are registered.
        unique_parameters: The same, each tensor at its first place only.
        compiled: FQNs of modules that torch.compile runs without looking at their hooks.
    """

    def __init__(self, model: nn.Module, snapshot: ModelSnapshot | None = None) -> None:
        found = list(_walk(model, "", frozenset()))
        paths = [path for path, _ in found]
        names = snapshot.fqns if snapshot is not None and len(snapshot.fqns) == len(found) else paths
        rows = [(name, module) for name, (_, module) in zip(names, found, strict=True)]
        compiled = set(_compiled(found))
        self._model = model
        self._path_of = dict(zip(names, paths, strict=True))
        self.modules: Mapping[str, nn.Module] = dict(rows)
        self.compiled = frozenset(name for name, path in self._path_of.items() if path in compiled)
        self.parameters: Mapping[str, nn.Parameter] = dict(_parameters_of(rows))
        self.unique_parameters: Mapping[str, nn.Parameter] = _first_places(self.parameters)

    def still_has_module(self, fqn: str) -> bool:
        """The live model has the same module at that name."""
        path = self._path_of.get(fqn)
        return path is not None and _at(self._model, path) is self.modules[fqn]

    def still_has_parameter(self, fqn: str) -> bool:
        """The live model has the same parameter at that name."""
        owner, _, name = fqn.rpartition(".")
        module = _at(self._model, self._path_of.get(owner, owner))
        return module is not None and module._parameters.get(name) is self.parameters.get(fqn)

    def has_same_structure(self, other: ModelIndex) -> bool:
        """The very same modules stand at the same places."""
        return self.modules.keys() == other.modules.keys() and all(
            module is other.modules[fqn] for fqn, module in self.modules.items()
        )


def _at(model: nn.Module, path: str) -> nn.Module | None:
    module: nn.Module | None = model
    for name in path.split(".") if path else ():
        module = None if module is None else module._modules.get(name)
    return module


def _walk(module: nn.Module, fqn: str, above: frozenset[int]) -> Iterator[tuple[str, nn.Module]]:
    """``named_modules(remove_duplicate=False)``, but a module that contains itself ends."""
    yield fqn, module
    above |= {id(module)}
    for name, child in module._modules.items():
        if child is not None and id(child) not in above:
            yield from _walk(child, f"{fqn}.{name}" if fqn else name, above)


def _parameters_of(rows: Iterable[tuple[str, nn.Module]]) -> Iterator[tuple[str, nn.Parameter]]:
    for fqn, module in rows:
        for name, parameter in _own_parameters(module):
            yield f"{fqn}.{name}" if fqn else name, parameter


def _compiled(rows: Iterable[tuple[str, nn.Module]]) -> Iterator[str]:
    """Everything below a torch.compile wrapper, whose own hooks do fire, and a module compiled in place as a whole."""
    inside: str | None = None
    for fqn, module in rows:
        if inside is not None and fqn.startswith(inside):
            yield fqn
            continue
        inside = None
        if "_orig_mod" in module._modules:
            inside = f"{fqn}." if fqn else ""
        elif getattr(module, "_compiled_call_impl", None) is not None:
            inside = f"{fqn}." if fqn else ""
            yield fqn


def _own_parameters(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    if isinstance(module, torch.jit.ScriptModule):
        yield from module.named_parameters(recurse=False)  # its tables are in C++
        return
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield name, parameter


def _first_places(parameters: Mapping[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    seen: set[int] = set()
    first: dict[str, nn.Parameter] = {}
    for fqn, parameter in parameters.items():
        if id(parameter) not in seen:
            seen.add(id(parameter))
            first[fqn] = parameter
    return first
