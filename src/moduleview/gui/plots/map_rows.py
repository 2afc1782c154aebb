"""The rows of the gradient map: a module that owns parameters each, in the tree's order, in named blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.module_norms import owners
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait


@dataclass(frozen=True)
class Block:
    """Neighbouring rows that have one name at the axis.

    Attributes:
        fqn: Of the module that holds them.
        first: First row.
        end: One past the last row.
    """

    fqn: str
    first: int
    end: int


@dataclass(frozen=True, eq=False)
class MapRows:
    """The rows, each a range of rows of ``snapshot.tensors`` whose norms are put together.

    Attributes:
        fqns: Of the module or, in a module that is opened, of the parameter.
        nodes: (n,) int64, the module.
        begins, ends: (n,) int64, the range of tensors.
        is_parameter: (n,) bool, a row of one parameter inside an opened module.
        blocks: Names for stretches of rows.
    """

    fqns: tuple[str, ...]
    nodes: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    is_parameter: NDArray[np.bool_]
    blocks: tuple[Block, ...]
    snapshot: ModelSnapshot

    def __len__(self) -> int:
        return len(self.fqns)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {fqn: row for row, fqn in enumerate(self.fqns)}

    @cached_property
    def _block_ends(self) -> list[int]:
        return [block.end for block in self.blocks]

    def blocks_between(self, top: float, bottom: float) -> tuple[Block, ...]:
        """The blocks that have rows between two edges."""
        first = bisect_right(self._block_ends, top)
        return tuple(takewhile(lambda block: block.first < bottom, self.blocks[first:]))

    def stretch(self, fqn: str) -> tuple[int, int] | None:
        """First row and one past the last row of a parameter, or of a module with everything below it.

        What is tied or shared has the rows of its first place, where these stand side by side.
        """
        node = self.snapshot.node_of(fqn)
        if node is None:
            at = self.snapshot.tensor_row_of(fqn)
            row = None if at is None else self._row_of.get(self.snapshot.tensor_fqns[int(self._first_place(at))])
            return None if row is None else (row, row + 1)
        first = int(np.searchsorted(self.nodes, node))
        end = int(np.searchsorted(self.nodes, int(self.snapshot.subtree_end[node])))
        return (first, end) if end > first else self._stretch_elsewhere(node)

    def _stretch_elsewhere(self, node: int) -> tuple[int, int] | None:
        below = self.snapshot.subtree_tensors(node)
        rows = np.arange(below.start, below.stop)[self.snapshot.tensors.is_parameter[below.start : below.stop]]
        holders = np.unique(self.snapshot.tensors.module[self._first_place(rows)])
        if not len(holders):
            return None
        first, end = (int(at) for at in np.searchsorted(self.nodes, (holders[0], holders[-1] + 1)))
        return (first, end) if len(np.unique(self.nodes[first:end])) == len(holders) else None

    def _first_place(self, rows: int | NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the tensors' first places."""
        aliases = self.snapshot.tensors.alias_of[rows]
        return np.where(aliases == NO_NODE, rows, aliases)

    def marked_stretch(self, fqn: str) -> tuple[int, int] | None:
        """As ``stretch``, but None where it is the whole map: a frame around everything tells nothing."""
        stretch = self.stretch(fqn)
        return None if stretch == (0, len(self)) and len(self) > 1 else stretch

    def name_of_stretch(self, fqn: str, stretch: tuple[int, int]) -> str:
        """What stands at the axis: the name that was selected, or that of the first place, whose rows these are."""
        names = self.fqns[slice(*stretch)]
        if not fqn or all(f"{name}.".startswith(f"{fqn}.") for name in names):
            return fqn
        levels = zip(*(name.split(".") for name in names), strict=False)
        return ".".join(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels))

    def module_at(self, row: int) -> str:
        """FQN of the module that a row belongs to."""
        return self.snapshot.fqns[int(self.nodes[row])]


def make_rows(snapshot: ModelSnapshot, opened: Set[str]) -> MapRows:
    """Rows for every module that owns a parameter, and below an opened one a row for each of its parameters."""
    nodes: list[int] = []
    ranges: list[tuple[int, int]] = []
    fqns: list[str] = []
    is_parameter: list[bool] = []
    counted = (snapshot.tensors.is_parameter & (snapshot.tensors.alias_of == NO_NODE)).tolist()
    for node in owners(snapshot).tolist():
        own = snapshot.own_tensors(node)
        fqn = snapshot.fqns[node]
        tensors = [(row, row + 1) for row in own if counted[row]] if fqn in opened else []
        nodes += [node] * (1 + len(tensors))
        ranges += [(own.start, own.stop), *tensors]
        fqns += [fqn, *(snapshot.tensor_fqns[begin] for begin, _end in tensors)]
        is_parameter += [False, *([True] * len(tensors))]
    pairs = np.array(ranges, dtype=np.int64).reshape(-1, 2)
    node_array = np.array(nodes, dtype=np.int64)
    blocks = tuple(_blocks(snapshot, node_array))
    return MapRows(
        tuple(fqns), node_array, pairs[:, 0], pairs[:, 1], np.array(is_parameter, dtype=np.bool_), blocks, snapshot
    )


def _blocks(snapshot: ModelSnapshot, nodes: NDArray[np.int64]) -> list[Block]:
    """Split the tree at the root, at containers, and where one module holds most rows, as wrappers do."""
    found: list[Block] = []
    waiting = [0] if len(snapshot) else []
    while waiting:
        node = waiting.pop()
        first, end = (int(at) for at in np.searchsorted(nodes, (node, int(snapshot.subtree_end[node]))))
        if first == end:
            continue
        is_container = snapshot.traits[node] == ModuleTrait.CONTAINER
        children = snapshot.children(node)
        if children and (node == 0 or is_container or (end - first) * 2 > len(nodes)):
            own_end = int(np.searchsorted(nodes, node, side="right"))
            if own_end > first:
                found.append(Block(snapshot.fqns[node], first, own_end))
            waiting.extend(reversed(children))
        else:
            found.append(Block(snapshot.fqns[node], first, end))
    return found
