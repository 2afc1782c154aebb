"""Where the names of a snapshot lead to in the live model, found anew each time that its structure changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import nn

from moduleview.introspect.lookup import Way, module_at, way_to
from moduleview.introspect.tree import MAXIMUM_ROWS
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
        runs_uncompiled: What is compiled is bypassed for now, and hooks in it fire.
    """

    def __init__(self, model: nn.Module, snapshot: ModelSnapshot | None = None) -> None:
        found = list(_walk(model))
        paths = [path for path, _ in found]
        names = snapshot.fqns if snapshot is not None and len(snapshot.fqns) == len(found) else paths
        rows = [(name, module) for name, (_, module) in zip(names, found, strict=True)]
        compiled = set(_compiled(found))
        self._model = model
        self._path_of = dict(zip(names, paths, strict=True))
        self._ways: dict[str, Way | None] = {}  # of those that were asked for
        self.modules: Mapping[str, nn.Module] = dict(rows)
        self.compiled = frozenset(name for name, path in self._path_of.items() if path in compiled)
        self.runs_uncompiled = False
        self.parameters: Mapping[str, nn.Parameter] = dict(_parameters_of(rows))
        self.unique_parameters: Mapping[str, nn.Parameter] = _first_places(self.parameters)

    def still_has_module(self, fqn: str) -> bool:
        """The live model has the same module at that name."""
        if fqn not in self._ways:
            path = self._path_of.get(fqn)
            way = None if path is None else way_to(self._model, path)
            self._ways[fqn] = way if (way[-1][2] if way else self._model) is self.modules.get(fqn) else None
        way = self._ways[fqn]
        return way is not None and all(name in table and table[name] is module for table, name, module in way)

    def still_has_parameter(self, fqn: str) -> bool:
        """The live model has the same parameter at that name."""
        owner, _, name = fqn.rpartition(".")
        module = module_at(self._model, self._path_of.get(owner, owner))
        return module is not None and dict(module._parameters.items()).get(name) is self.parameters.get(fqn)

    def is_same(self, other: ModelIndex) -> bool:
        """Modules, parameters and what is compiled are the very same."""
        return (
            self.has_same_structure(other)
            and self.compiled == other.compiled
            and self.parameters.keys() == other.parameters.keys()
            and all(parameter is other.parameters[fqn] for fqn, parameter in self.parameters.items())
        )

    def has_same_structure(self, other: ModelIndex) -> bool:
        """The very same modules stand at the same places."""
        return self.modules.keys() == other.modules.keys() and all(
            module is other.modules[fqn] for fqn, module in self.modules.items()
        )


def _walk(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """``named_modules(remove_duplicate=False)`` for trees of any depth; a module inside itself is not entered again."""
    n_rows = 0
    entered: set[int] = set()
    inside: list[int] = []
    left: list[Iterator[tuple[str, nn.Module]]] = [iter([("", model)])]
    while left:
        for path, module in left[-1]:
            yield path, module
            n_rows += 1
            identity = id(module)
            if identity in entered and (n_rows > MAXIMUM_ROWS or identity in inside):
                continue
            entered.add(identity)
            inside.append(identity)
            left.append(_children(path, module))
            break
        else:
            left.pop()
            if inside:
                inside.pop()


def _children(path: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, child in list(module._modules.items()):
        if isinstance(child, nn.Module):
            yield f"{path}.{name}" if path else name, child


def _parameters_of(rows: Iterable[tuple[str, nn.Module]]) -> Iterator[tuple[str, nn.Parameter]]:
    for fqn, module in rows:
        for name, parameter in module._parameters.items():
            if parameter is not None:
                yield f"{fqn}.{name}" if fqn else name, parameter


def _compiled(rows: Iterable[tuple[str, nn.Module]]) -> Iterator[str]:
    """Everything below a torch.compile wrapper, whose own hooks do fire, and a module compiled in place as a whole."""
    inside: str | None = None
    for path, module in rows:
        if inside is not None and path.startswith(inside):
            yield path
            continue
        inside = None
        if module.__dict__.get("_compiled_call_impl") is not None:
            inside = f"{path}." if path else ""
            yield path
        elif "_orig_mod" in dict(module._modules.items()):
            inside = f"{path}." if path else ""


def _first_places(parameters: Mapping[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    seen: set[int] = set()
    first: dict[str, nn.Parameter] = {}
    for fqn, parameter in parameters.items():
        if id(parameter) not in seen:
            seen.add(id(parameter))
            first[fqn] = parameter
    return first


def is_script(module: nn.Module) -> bool:
    """A ScriptModule: its code is not Python, and it refuses hooks."""
    return isinstance(module, torch.jit.ScriptModule)
