"""The state mark of each module: which one of all that is true of it a person should see."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.models.hook_states import HookStates
from moduleview.telemetry.records import Finding, Severity
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait, NodeCoverage


class Mark(IntEnum):
    """State marks; of those that hold, the largest wins."""

    NONE = 0
    OBSERVED = 1
    SAMPLED = 2  # a hook on it looks at one step in several
    BYPASSED = 3
    NOT_EXECUTED = 4
    CANNOT_FIRE = 5
    LINKED = 6  # tied or shared
    LAZY = 7
    WARNING = 8
    ERROR = 9


_OF_COVERAGE = {
    NodeCoverage.EXECUTED: Mark.OBSERVED,
    NodeCoverage.NOT_EXECUTED: Mark.NOT_EXECUTED,
    NodeCoverage.BYPASSED: Mark.BYPASSED,
}
_OF_SEVERITY = {Severity.ERROR: Mark.ERROR, Severity.WARNING: Mark.WARNING}


def node_marks(
    snapshot: ModelSnapshot,
    coverage: NDArray[np.uint8],
    hooks: HookStates,
    partners: NDArray[np.int32],
    findings: Iterable[Finding],
) -> NDArray[np.uint8]:
    """(n,) uint8 of ``Mark``.

    Args:
        snapshot: The model.
        coverage: (n,) of ``NodeCoverage``.
        hooks: What is ticked, and where no hook can look.
        partners: (n,) from ``partners``.
        findings: All that hold now; information leaves no mark.
    """
    marks = np.zeros(len(snapshot), dtype=np.uint8)
    is_container = snapshot.traits == ModuleTrait.CONTAINER
    if len(coverage) == len(snapshot):
        for seen, mark in _OF_COVERAGE.items():
            marks[(coverage == seen) & ~is_container] = mark
    marks[hooks.sampled & (marks == Mark.OBSERVED)] = Mark.SAMPLED
    marks[hooks.refused] = Mark.CANNOT_FIRE
    marks[partners != NO_NODE] = Mark.LINKED
    marks[snapshot.traits == ModuleTrait.LAZY] = Mark.LAZY
    for finding in findings:
        severity = _OF_SEVERITY.get(finding.severity)
        node = snapshot.holder_of(finding.fqn)
        if severity is not None and node is not None:
            _mark_upwards(snapshot, marks, node, severity)
    return marks


def findings_below(snapshot: ModelSnapshot, node: int, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, information left out, about ``node`` and what is below it."""
    end = int(snapshot.subtree_end[node])
    return [
        finding
        for finding in findings
        if finding.severity in _OF_SEVERITY and (at := snapshot.holder_of(finding.fqn)) is not None and node <= at < end
    ]


def partners(snapshot: ModelSnapshot) -> NDArray[np.int32]:
    """(n,) int32: where the other place of a shared module or of a tied parameter is, ``NO_NODE`` for none.

    The second place points at the first; the first at the earliest of the others.
    """
    other = np.full(len(snapshot), NO_NODE, dtype=np.int32)
    module, tensor_alias = snapshot.tensors.module, snapshot.tensors.alias_of
    tied = np.flatnonzero((tensor_alias != NO_NODE) & snapshot.tensors.is_parameter)[::-1]
    tied = tied[snapshot.alias_of[module[tied]] == NO_NODE]  # in a shared module all is tied: say that it is shared
    first, second = module[tensor_alias[tied]], module[tied]
    apart = first != second
    other[first[apart]] = second[apart]
    other[second[apart]] = first[apart]
    shared = np.flatnonzero(snapshot.alias_of != NO_NODE)[::-1]
    other[snapshot.alias_of[shared]] = shared
    other[shared] = snapshot.alias_of[shared]
    return other


def wholly_tied(snapshot: ModelSnapshot) -> NDArray[np.bool_]:
    """(n,) bool: modules that own parameters, all of which are registered first elsewhere."""
    is_parameter = snapshot.tensors.is_parameter
    tied = is_parameter & (snapshot.tensors.alias_of != NO_NODE)
    n = len(snapshot)
    own = np.bincount(snapshot.tensors.module[is_parameter], minlength=n)
    elsewhere = np.bincount(snapshot.tensors.module[tied], minlength=n)
    owns: NDArray[np.bool_] = own > 0
    tied_only: NDArray[np.bool_] = owns & (own == elsewhere)
    return tied_only


def _mark_upwards(snapshot: ModelSnapshot, marks: NDArray[np.uint8], node: int, mark: Mark) -> None:
    """Mark the node, and what is above it up to the next container, or to the root."""
    marks[node] = max(int(marks[node]), mark)
    above = int(snapshot.parent[node])
    while above > 0 and snapshot.traits[above] != ModuleTrait.CONTAINER:
        marks[above] = max(int(marks[above]), mark)
        above = int(snapshot.parent[above])
