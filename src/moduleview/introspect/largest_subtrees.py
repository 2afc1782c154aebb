"""Trainable parameters that have something in common, by the largest subtrees of which it is true throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate

from torch import Tensor

from moduleview.introspect.registrations import RegisteredModule

Named = list[tuple[str, Tensor]]


def largest_subtrees(
    entries: list[RegisteredModule], applies: Callable[[int], bool]
) -> Iterator[tuple[RegisteredModule, Named]]:
    """Subtrees with their parameters, and the single parameters of modules beside.

    Args:
        entries: Modules in tree order, each once.
        applies: Whether it is true of the trainable parameter with this ``id``.
    """
    once: set[int] = set()
    trainable = [_trainable(entry, once) for entry in entries]
    chosen = [[(fqn, tensor) for fqn, tensor in own if applies(id(tensor))] for own in trainable]
    n_trainable = [0, *accumulate(len(own) for own in trainable)]
    n_chosen = [0, *accumulate(len(own) for own in chosen)]
    ends = _subtree_ends(entries)
    row = 0
    while row < len(entries):
        end = ends[row]
        n = n_chosen[end] - n_chosen[row]
        if n and n == n_trainable[end] - n_trainable[row]:
            yield entries[row], [named for own in chosen[row:end] for named in own]
            row = end
            continue
        if chosen[row]:
            yield entries[row], chosen[row]
        row += 1


def _trainable(entry: RegisteredModule, once: set[int]) -> Named:
    own = [(fqn, tensor) for fqn, tensor in entry.parameters if tensor.requires_grad and id(tensor) not in once]
    once.update(id(tensor) for _, tensor in own)
    return list(own)


def _subtree_ends(entries: list[RegisteredModule]) -> list[int]:
    ends = [len(entries)] * len(entries)
    open_rows: list[int] = []
    for row, entry in enumerate(entries):
        while open_rows and entries[open_rows[-1]].depth >= entry.depth:
            ends[open_rows.pop()] = row
        open_rows.append(row)
    return ends
