"""A copy as it was before a person's code was called with its modules, and what is another one on it since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from moduleview.interventions.initialising.old_tensor import OldTensor
from moduleview.interventions.initialising.plan import PLAIN, REGISTERED, Plan, PlannedVisit, tensors_in
from moduleview.interventions.initialising.structure import Structure, StructureChanges
from moduleview.interventions.initialising.twin import Twin

_TABLES = (*REGISTERED, PLAIN)
_REPLACED = "is another tensor afterwards: an optimizer goes on with the old one"


@dataclass(frozen=True, eq=False)
class ChangedTensor:
    """A tensor that is another one on the copy, or has other values there.

    Attributes:
        visit: The first of a module that has it.
        name: In the module.
        tensor: Of the model.
        copied: What stands in its place on the copy now.
        note: What there is to say of it.
    """

    visit: PlannedVisit
    name: str
    tensor: torch.Tensor
    copied: torch.Tensor
    note: str


class TwinBefore:
    """Compares the copy with itself: the model may have made steps meanwhile. Training thread only.

    Args:
        plan: Of the model.
        twin: Its copy.
    """

    def __init__(self, plan: Plan, twin: Twin) -> None:
        self._plan, self._twin = plan, twin
        self._old: dict[int, OldTensor] = {}
        self._structure = Structure(twin.of(plan.root))
        self._changes = StructureChanges([], [])

    def remember(self) -> Iterator[None]:
        """Copy the values, in pieces: a tensor at a time."""
        modules = self._twin.of(self._plan.root).modules()
        for tensor in (one for module in modules for table in _TABLES for one in tensors_in(module, table).values()):
            if id(tensor) not in self._old:
                self._old[id(tensor)] = OldTensor(tensor, [], keeps_gradient=False)
                yield

    def compare(self) -> Iterator[ChangedTensor | None]:
        """What is another one now; None where a tensor was looked at that is not."""
        self._changes = self._structure.changes()
        done: set[int] = set()
        for visit in self._plan.visits:
            for name, tensor, copied in _pairs(visit.module, self._twin.of(visit.module)):
                if id(tensor) not in done:
                    done.add(id(tensor))
                    yield self._changed(visit, name, tensor, copied)

    def words_of(self, visit: PlannedVisit) -> str:
        """What of its module is another than values, after ``compare``; "" for nothing."""
        return self._changes.words_of(self._twin.of(visit.module))

    def _changed(
        self, visit: PlannedVisit, name: str, tensor: torch.Tensor, copied: torch.Tensor
    ) -> ChangedTensor | None:
        mine = self._twin.of(tensor)
        if copied is not mine:
            return ChangedTensor(visit, name, tensor, copied, _REPLACED)
        old = self._old[id(mine)]
        old.note_change()
        if not old.is_changed:
            return None
        return ChangedTensor(visit, name, tensor, copied, old.mode_words)


def _pairs(module: nn.Module, copied: nn.Module) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """Names of a module's own tensors, with those that stand there on the copy now."""
    for table in _TABLES:
        theirs = tensors_in(copied, table)
        for name, tensor in tensors_in(module, table).items():
            if name in theirs:
                yield name, tensor, theirs[name]
