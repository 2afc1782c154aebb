"""Which rows the Hooks tab has: every hook that can be ticked on a module, and below each what is to be said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from moduleview.gui.models.tensor_hooks import first_place
from moduleview.telemetry.hooks import MODULE_KINDS, OPTIMIZER_KINDS, PARAMETER_KINDS, HookKind
from moduleview.telemetry.snapshot import ModelSnapshot

_MOST_PARAMETERS = 8  # a ParameterList may have thousands; the Parameters tab has them all
_LAST = (HookKind.STATE_DICT, HookKind.LOAD_STATE_DICT)


@dataclass(frozen=True)
class HookTarget:
    """A hook that can be ticked.

    Attributes:
        fqn: Module or parameter, by the first of its places.
        kind: Which hook.
        parameter: Own name of the parameter, "" for a module.
    """

    fqn: str
    kind: HookKind
    parameter: str = ""


class RowKind(Enum):
    """What a row is about."""

    HOOK = "hook"
    NOTE = "note"  # shape, fires and cost; or the reason
    NUMBERS = "numbers"  # of the hook itself, where its name leaves them no room beside it
    PART = "part"  # a further tensor or call


@dataclass(frozen=True)
class HookRow:
    """One row. ``part`` is the series' part whose numbers it shows."""

    row_kind: RowKind
    target: HookTarget
    part: str = ""

    @property
    def kind(self) -> HookKind:
        """Which hook."""
        return self.target.kind


def hook_targets(snapshot: ModelSnapshot, node: int) -> tuple[HookTarget, ...]:
    """What can be ticked on a module: its own kinds, those of its own parameters, at the root the optimizers'."""
    fqn = snapshot.fqns[node]
    tensors = snapshot.tensors
    own = np.arange(snapshot.tensor_begin[node], snapshot.tensor_begin[node + 1])
    rows = own[tensors.is_parameter[own]][:_MOST_PARAMETERS].tolist()
    parameters = [(first_place(snapshot, row), tensors.names[row]) for row in rows]
    return (
        *(HookTarget(fqn, kind) for kind in MODULE_KINDS if kind not in _LAST),
        *(HookTarget(place, kind, name) for place, name in parameters for kind in PARAMETER_KINDS),
        *(HookTarget(fqn, kind) for kind in _LAST),
        *(HookTarget(fqn, kind) for kind in OPTIMIZER_KINDS if not fqn),
    )


def hook_rows(
    targets: Sequence[HookTarget],
    note_of: Callable[[HookTarget], str],
    parts_of: Callable[[HookTarget], Iterable[str]],
    has_numbers_below: Callable[[HookTarget], bool],
) -> Iterator[HookRow]:
    """A row for each hook, one for its note, and one for each further part of what it sees.

    Neighbours of which the same is to be said share one note, below the last of them.

    Args:
        targets: The hooks.
        note_of: What is to be said of one.
        parts_of: Further parts of what it sees.
        has_numbers_below: What the first part has gets a row of its own.
    """
    notes = [note_of(target) for target in targets]
    for target, note, next_note in zip(targets, notes, [*notes[1:], ""], strict=True):
        yield HookRow(RowKind.HOOK, target)  # with what the first call's first tensor has
        if note and note != next_note:
            yield HookRow(RowKind.NOTE, target)
        if has_numbers_below(target):
            yield HookRow(RowKind.NUMBERS, target)
        for part in parts_of(target):
            yield HookRow(RowKind.PART, target, part)
