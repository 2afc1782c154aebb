"""Takes the picture of a module tree: one walk over ``_modules``, ``_parameters`` and ``_buffers``.

Nothing else of a module is read: ``module.weight`` of a parametrised layer would compute, and under spectral_norm even
change the model. Built to be lean, since a tree may have a million modules: one short loop finds the modules, then each
column is made in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from moduleview.introspect.module_attributes import attributes_of
from moduleview.introspect.tensors import RegisteredTensors, describe_tensors, first_rows
from moduleview.telemetry.snapshot import NO_NODE, ContainerKind, ModelSnapshot, ModuleTrait

MAXIMUM_ROWS = 2_000_000  # beyond, shared subtrees are not repeated: sharing at each of k levels would give 2**k rows

Attributes = dict[str, Any]


def snapshot_model(model: nn.Module, generation: int = 0) -> ModelSnapshot:
    """The frozen picture of ``model``. Training thread only.

    Rows stand in the order of ``named_modules(remove_duplicate=False)``: a module registered twice stands twice, the
    second time with ``alias_of``. A module that contains itself is not entered again. Names are kept as they are,
    however hostile; ``telemetry.display_names`` makes them fit for a screen.

    Args:
        model: Any module; its forward is not called and none of its tensors is read.
        generation: Given to the snapshot.
    """
    order = _walk(model)
    modules, subtree_end = order.modules, np.array(order.subtree_end, dtype=np.int32)
    attributes = [own if "_modules" in (own := module.__dict__) else attributes_of(module) for module in modules]
    registered, tensor_begin = _registered_tensors(attributes)
    tensors = describe_tensors(registered)
    described = list(map(_Kinds().__getitem__, map(type, modules)))
    traits = _traits([trait for _, trait, _ in described], attributes, subtree_end)
    if None in tensors.shapes:
        waiting = [row for row, tensor in enumerate(registered.tensors) if is_lazy(tensor)]
        traits[tensors.module[waiting]] = ModuleTrait.LAZY
    return ModelSnapshot(
        generation=generation,
        names=tuple(order.names),
        type_names=tuple(name for name, _, _ in described),
        parent=np.array(order.parent, dtype=np.int32),
        depth=np.array(order.depth, dtype=np.min_scalar_type(-max(order.depth, default=0) - 1)),
        subtree_end=subtree_end,
        alias_of=first_rows(modules),
        traits=traits,
        training=_training(modules, attributes),
        tensor_begin=tensor_begin,
        tensors=tensors,
        containers=np.array([kind for _, _, kind in described], dtype=np.uint8),
    )


@dataclass(slots=True)
class _Order:
    """The modules in pre-order, and where each stands."""

    names: list[str] = field(default_factory=list)
    modules: list[nn.Module] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    subtree_end: list[int] = field(default_factory=list)


def _walk(model: nn.Module) -> _Order:
    order = _Order()
    modules, subtree_end = order.modules, order.subtree_end
    add_name, add_module, add_parent = order.names.append, modules.append, order.parent.append
    add_depth, add_end = order.depth.append, subtree_end.append
    module_class = nn.Module
    entered: set[int] = set()
    first: Iterator[tuple[str, object]] = iter([(type(model).__name__, model)])
    path = [(first, NO_NODE, 0)]  # children that are left, row, identity
    while path:
        children, parent, _ = path[-1]
        depth = len(path) - 1
        for name, module in children:
            if not isinstance(module, module_class):
                continue  # None, or what torch itself would not have let in
            row = len(modules)
            add_name(name)
            add_module(module)
            add_parent(parent)
            add_depth(depth)
            add_end(row + 1)
            below = module.__dict__.get("_modules")
            if below is None:
                below = attributes_of(module).get("_modules")  # not always: a call for each module is felt
            if not below:
                continue
            identity = id(module)
            if identity in entered and (row >= MAXIMUM_ROWS or any(identity == inside for _, _, inside in path)):
                continue
            entered.add(identity)
            path.append((iter(below.items()), row, identity))
            break
        else:
            path.pop()
            if parent != NO_NODE:
                subtree_end[parent] = len(modules)
    return order


def _registered_tensors(attributes: Sequence[Attributes]) -> tuple[RegisteredTensors, NDArray[np.int32]]:
    """Every registered tensor, and (n + 1,) where each module's own begin."""
    names: list[str] = []
    values: list[Tensor] = []  # None where bias=False left one, until it is taken out below
    owners: list[int] = []  # twice the module's row, and one more for its buffers
    sizes: list[int] = []
    nothing: Attributes = {}
    for node, own in enumerate(attributes):
        parameters, buffers = own.get("_parameters", nothing), own.get("_buffers", nothing)
        if parameters:
            names.extend(parameters.keys())
            values.extend(parameters.values())
            owners.append(2 * node)
            sizes.append(len(parameters))
        if buffers:
            names.extend(buffers.keys())
            values.extend(buffers.values())
            owners.append(2 * node + 1)
            sizes.append(len(buffers))
    owner = np.repeat(np.array(owners, dtype=np.int32), np.array(sizes, dtype=np.int32))
    kept = np.array([value is not None for value in values], dtype=np.bool_)
    if not kept.all():
        names, values, owner = list(compress(names, kept)), list(compress(values, kept)), owner[kept]
    module, is_parameter = owner // 2, owner % 2 == 0
    tensor_begin = np.zeros(len(attributes) + 1, dtype=np.int32)
    np.cumsum(np.bincount(module, minlength=len(attributes)), out=tensor_begin[1:])
    persistent = np.ones(len(values), dtype=np.bool_)
    for node in [twice // 2 for twice in owners if twice % 2]:
        if left_out := attributes[node].get("_non_persistent_buffers_set"):
            rows = range(tensor_begin[node], tensor_begin[node + 1])
            persistent[[row for row in rows if not is_parameter[row] and names[row] in left_out]] = False
    return RegisteredTensors(names, values, module, is_parameter, persistent), tensor_begin


class _Kinds(dict[type, tuple[str, ModuleTrait, ContainerKind]]):
    """Class of a module -> its name, the trait that the class alone decides, and what kind of container it is."""

    def __missing__(self, cls: type[nn.Module]) -> tuple[str, ModuleTrait, ContainerKind]:
        self[cls] = kind = (cls.__name__, _trait_of_class(cls), _container_of_class(cls))
        return kind


def _container_of_class(cls: type[nn.Module]) -> ContainerKind:
    """A Sequential with a forward of its own may call its modules in any order."""
    if issubclass(cls, nn.Sequential):
        return ContainerKind.SEQUENTIAL if cls.forward is nn.Sequential.forward else ContainerKind.NONE
    kinds = (
        (nn.ModuleList, ContainerKind.MODULE_LIST),
        (nn.ModuleDict, ContainerKind.MODULE_DICT),
        (nn.ParameterList, ContainerKind.PARAMETER_LIST),
        (nn.ParameterDict, ContainerKind.PARAMETER_DICT),
    )
    return next((kind for base, kind in kinds if issubclass(cls, base)), ContainerKind.NONE)


def _trait_of_class(cls: type[nn.Module]) -> ModuleTrait:
    if issubclass(cls, torch.jit.ScriptModule):
        return ModuleTrait.SCRIPT
    if any(base.__name__ == "OptimizedModule" and base.__module__.startswith("torch._dynamo") for base in cls.__mro__):
        return ModuleTrait.COMPILED  # by name: importing torch._dynamo costs a second
    return ModuleTrait.CONTAINER if cls.forward is nn.Module.forward else ModuleTrait.PLAIN


def _traits(
    of_class: Sequence[int], attributes: Sequence[Attributes], subtree_end: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """(n,) traits: its own forward makes a container callable; a compiled module compiles its subtree.

    The own hooks of a wrapper (``OptimizedModule``) do fire: torch calls them around the compiled code.
    """
    traits = np.array(of_class, dtype=np.uint8)
    for row in np.flatnonzero(traits == ModuleTrait.CONTAINER).tolist():
        if "forward" in attributes[row]:
            traits[row] = ModuleTrait.PLAIN
    wrappers = np.flatnonzero(traits == ModuleTrait.COMPILED).tolist()
    traits[wrappers] = ModuleTrait.PLAIN
    in_place = [row for row, own in enumerate(attributes) if own.get("_compiled_call_impl") is not None]
    for row, first in (*((row, row + 1) for row in wrappers), *((row, row) for row in in_place)):
        subtree = traits[first : subtree_end[row]]
        subtree[subtree == ModuleTrait.PLAIN] = ModuleTrait.COMPILED
    return traits


def _training(modules: Sequence[nn.Module], attributes: Sequence[Attributes]) -> NDArray[np.bool_]:
    flags = [own.get("training") for own in attributes]
    if None in flags:
        flags = [_is_training(module) if flag is None else flag for module, flag in zip(modules, flags, strict=True)]
    return np.array(flags, dtype=np.bool_)


def _is_training(module: nn.Module) -> bool:
    """Of a module that keeps the flag elsewhere: a ScriptModule, or one that never called ``Module.__init__``."""
    try:
        return bool(module.training)
    except Exception:
        return False
