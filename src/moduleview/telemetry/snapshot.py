"""The frozen picture of a module tree: flat, in pre-order, without one tensor in it.

A node is a number: its row in ``named_modules(remove_duplicate=False)`` order. Everything below node ``i`` are the rows
``i + 1 .. subtree_end[i] - 1``, and the tensors that its subtree owns stand side by side too, so that a sum over a
subtree is a difference of two prefix sums and Qt needs no pointers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NO_NODE = -1


class ModuleTrait(IntEnum):
    """What kind of thing a module is, where that changes what can be done with it."""

    PLAIN = 0
    CONTAINER = 1  # ModuleList, ModuleDict, ParameterList...: holds modules, is never called itself
    LAZY = 2  # waits for its first input
    SCRIPT = 3  # a ScriptModule: refuses hooks
    COMPILED = 4  # inside a torch.compile wrapper


class ContainerKind(IntEnum):
    """What a container of torch's is, whatever a class that derives from it is called."""

    NONE = 0
    SEQUENTIAL = 1  # calls its modules in order
    MODULE_LIST = 2  # modules by index
    MODULE_DICT = 3  # modules by key
    PARAMETER_LIST = 4  # parameters by index
    PARAMETER_DICT = 5  # parameters by key


class NodeCoverage(IntEnum):
    """Whether a module was seen to run."""

    UNKNOWN = 0
    EXECUTED = 1
    NOT_EXECUTED = 2
    BYPASSED = 3  # its parameters got a gradient, but its forward was never called as a module


@dataclass(frozen=True, eq=False)
class TensorTable:
    """Every parameter and buffer, a row each, in the order of the modules that hold them.

    All columns are equally long. ``alias_of`` is the row of the first place where the same tensor is registered, or
    ``NO_NODE`` at that first place; totals count only the first.

    Attributes:
        names: Last component of the FQN (``weight``).
        module: (n,) int32, node that holds it.
        is_parameter: (n,) bool; False is a buffer.
        shapes: Shape, or None where a lazy tensor has none yet.
        dtypes: torch's names without the prefix (``float32``).
        devices: As torch prints them (``cuda:0``).
        requires_grad: (n,) bool.
        persistent: (n,) bool; False for a buffer that ``state_dict`` leaves out.
        alias_of: (n,) int32.
        numel: (n,) int64, 0 where lazy.
        n_bytes: (n,) int64.
    """

    names: tuple[str, ...]
    module: NDArray[np.int32]
    is_parameter: NDArray[np.bool_]
    shapes: tuple[tuple[int, ...] | None, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]
    requires_grad: NDArray[np.bool_]
    persistent: NDArray[np.bool_]
    alias_of: NDArray[np.int32]
    numel: NDArray[np.int64]
    n_bytes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Totals:
    """Sums over the whole model.

    Attributes:
        parameters: Elements of all parameters, tied and shared ones counted once.
        parameters_referenced: The same, counted as often as they are registered.
        trainable: Of ``parameters``, those that require a gradient.
        buffers: Elements of all buffers, counted once.
        n_bytes: Bytes of parameters and buffers, counted once.
    """

    parameters: int
    parameters_referenced: int
    trainable: int
    buffers: int
    n_bytes: int


@dataclass(frozen=True, eq=False)
class ModelSnapshot:
    """A module tree at one safe point.

    Attributes:
        generation: Grows each time the structure changes; 0 for the first picture.
        names: Last component of each module's FQN; the class name for the root.
        type_names: Class name of each module.
        parent: (n,) int32, ``NO_NODE`` for the root.
        depth: (n,) of the smallest signed type that holds them all, 0 for the root.
        subtree_end: (n,) int32, one past the last row of the subtree.
        alias_of: (n,) int32, the row where the same module was met first, else ``NO_NODE``.
        traits: (n,) uint8 of ``ModuleTrait``.
        training: (n,) bool, ``module.training``.
        tensor_begin: (n + 1,) int32; rows ``tensor_begin[i]:tensor_begin[i + 1]`` of ``tensors`` are module i's own,
            ``tensor_begin[i]:tensor_begin[subtree_end[i]]`` those of its subtree.
        tensors: Parameters and buffers.
        containers: (n,) uint8 of ``ContainerKind``; empty where it is not known.
    """

    generation: int
    names: tuple[str, ...]
    type_names: tuple[str, ...]
    parent: NDArray[np.int32]
    depth: NDArray[np.signedinteger]
    subtree_end: NDArray[np.int32]
    alias_of: NDArray[np.int32]
    traits: NDArray[np.uint8]
    training: NDArray[np.bool_]
    tensor_begin: NDArray[np.int32]
    tensors: TensorTable
    containers: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))

    def __len__(self) -> int:
        return len(self.names)

    def container(self, node: int) -> ContainerKind:
        """What kind of container a module is."""
        return ContainerKind(int(self.containers[node])) if len(self.containers) else ContainerKind.NONE

    @cached_property
    def fqns(self) -> tuple[str, ...]:
        """FQN of each module, "" for the root, in row order."""
        fqns = [""] * len(self.names)
        names, parents = self.names, self.parent.tolist()
        for node in range(1, len(names)):
            above = fqns[parents[node]]
            fqns[node] = f"{above}.{names[node]}" if above else names[node]
        return tuple(fqns)

    def fqn_of(self, node: int) -> str:
        """FQN of one module, without those of all others: a million of them take 70 MB."""
        names = []
        while node > 0:
            names.append(self.names[node])
            node = int(self.parent[node])
        return ".".join(reversed(names))

    def tensor_fqn_of(self, row: int) -> str:
        """FQN of one parameter or buffer."""
        return f"{self.fqn_of(int(self.tensors.module[row]))}.{self.tensors.names[row]}".removeprefix(".")

    @cached_property
    def tensor_fqns(self) -> tuple[str, ...]:
        """FQN of each parameter and buffer, in row order."""
        fqns, names = self.fqns, self.tensors.names
        return tuple(
            f"{fqns[module]}.{name}" if fqns[module] else name
            for module, name in zip(self.tensors.module.tolist(), names, strict=True)
        )

    @cached_property
    def _node_of_fqn(self) -> dict[str, int]:
        return {fqn: node for node, fqn in enumerate(self.fqns)}

    @cached_property
    def _row_of_tensor_fqn(self) -> dict[str, int]:
        return {fqn: row for row, fqn in enumerate(self.tensor_fqns)}

    def node_of(self, fqn: str) -> int | None:
        """Row of the module called ``fqn`` ("" is the root), or None."""
        return self._node_of_fqn.get(fqn)

    def tensor_row_of(self, fqn: str) -> int | None:
        """Row in ``tensors`` of the parameter or buffer called ``fqn``, or None."""
        return self._row_of_tensor_fqn.get(fqn)

    def holder_of(self, fqn: str) -> int | None:
        """Row of the module called ``fqn``, or of the one that holds the parameter or buffer called so; or None."""
        node = self.node_of(fqn)
        if node is not None:
            return node
        row = self.tensor_row_of(fqn)
        return None if row is None else int(self.tensors.module[row])

    def children(self, node: int) -> list[int]:
        """Rows of the direct children of ``node``, in order."""
        rows, row, end = [], node + 1, int(self.subtree_end[node])
        while row < end:
            rows.append(row)
            row = int(self.subtree_end[row])
        return rows

    def own_tensors(self, node: int) -> range:
        """Rows in ``tensors`` that module ``node`` holds itself."""
        return range(int(self.tensor_begin[node]), int(self.tensor_begin[node + 1]))

    def subtree_tensors(self, node: int) -> range:
        """Rows in ``tensors`` that module ``node`` and everything below it hold."""
        return range(int(self.tensor_begin[node]), int(self.tensor_begin[int(self.subtree_end[node])]))

    @cached_property
    def own_parameters(self) -> NDArray[np.int64]:
        """(n,) int64: elements of each module's own parameters; those registered earlier elsewhere count 0."""
        sums = _prefix_sums(self._counted)
        return sums[self.tensor_begin[1:]] - sums[self.tensor_begin[:-1]]

    @cached_property
    def subtree_parameters(self) -> NDArray[np.int64]:
        """(n,) int64: elements of the parameters in each subtree, each counted once in the whole model."""
        return self.subtree_sums(self._counted)

    def subtree_sums(self, amounts: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
        """(n,) int64: sums over the tensors of each subtree, of amounts by row of ``tensors``."""
        sums = _prefix_sums(amounts)
        return sums[self.tensor_begin[self.subtree_end]] - sums[self.tensor_begin[:-1]]

    @property
    def _counted(self) -> NDArray[np.int64]:
        counted: NDArray[np.int64] = self.tensors.numel * (
            self.tensors.is_parameter & (self.tensors.alias_of == NO_NODE)
        )
        return counted

    @cached_property
    def totals(self) -> Totals:
        """Sums over the whole model."""
        tensors = self.tensors
        once = tensors.alias_of == NO_NODE
        parameter = tensors.is_parameter
        return Totals(
            parameters=int(tensors.numel[once & parameter].sum()),
            parameters_referenced=int(tensors.numel[parameter].sum()),
            trainable=int(tensors.numel[once & parameter & tensors.requires_grad].sum()),
            buffers=int(tensors.numel[once & ~parameter].sum()),
            n_bytes=int(tensors.n_bytes[once].sum()),
        )


def _prefix_sums(amounts: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(amounts, dtype=np.int64)))
