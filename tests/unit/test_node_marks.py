"""Of all that is true of a module, its mark shows what matters most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from builders import snapshot_of
from moduleview.gui.models.hook_states import HookStates
from moduleview.gui.models.node_marks import Mark, findings_below, node_marks, partners, wholly_tied
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.records import Finding, Severity, Tier
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait, NodeCoverage


def finding(fqn: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding("V1", Tier.FACT, severity, "title", fqn, "rule", (), "advice")


def tied_snapshot() -> ModelSnapshot:
    snapshot = snapshot_of()
    aliases = snapshot.tensors.alias_of.copy()
    aliases[snapshot.tensor_row_of("head.weight")] = snapshot.tensor_row_of("embed.weight")
    return replace(snapshot, tensors=replace(snapshot.tensors, alias_of=aliases))


def marks_of(
    snapshot: ModelSnapshot,
    *findings: Finding,
    coverage: int = NodeCoverage.EXECUTED,
    hooks: Sequence[HookEntry] = (),
) -> dict[str, Mark]:
    seen = np.full(len(snapshot), coverage, dtype=np.uint8)
    states = HookStates(snapshot, {(entry.fqn, entry.kind): entry for entry in hooks})
    marks = node_marks(snapshot, seen, states, partners(snapshot), findings)
    return {fqn: Mark(int(mark)) for fqn, mark in zip(snapshot.fqns, marks, strict=True)}


def test_nothing_is_marked_before_a_step() -> None:
    assert set(marks_of(snapshot_of(), coverage=NodeCoverage.UNKNOWN).values()) == {Mark.NONE}


def test_containers_are_not_said_to_run_or_not() -> None:
    assert marks_of(snapshot_of())["blocks"] is Mark.NONE
    assert marks_of(snapshot_of())["blocks.0"] is Mark.OBSERVED
    assert marks_of(snapshot_of(), coverage=NodeCoverage.NOT_EXECUTED)["blocks"] is Mark.NONE


def test_finding_marks_its_ancestors_below_the_container_and_wins() -> None:
    marks = marks_of(snapshot_of(), finding("blocks.0.lin.weight"), finding("blocks.0.act", Severity.ERROR))
    assert marks["blocks.0.lin"] is Mark.WARNING
    assert marks["blocks.0.act"] is Mark.ERROR
    assert marks["blocks.0"] is Mark.ERROR
    assert marks["blocks"] is Mark.NONE
    assert marks[""] is Mark.OBSERVED


def test_information_and_unknown_nodes_leave_no_mark() -> None:
    marks = marks_of(snapshot_of(), finding("head", Severity.INFORMATION), finding("gone.weight"))
    assert set(marks.values()) == {Mark.OBSERVED, Mark.NONE}


def test_findings_below_are_those_of_the_subtree() -> None:
    snapshot, here, there = snapshot_of(), finding("blocks.0.lin.weight"), finding("head")
    assert findings_below(snapshot, snapshot.node_of("blocks.0"), (here, there)) == [here]


def test_tied_modules_point_at_each_other() -> None:
    snapshot = tied_snapshot()
    embed, head = snapshot.node_of("embed"), snapshot.node_of("head")
    other = partners(snapshot)
    assert (other[embed], other[head]) == (head, embed)
    assert marks_of(snapshot)["head"] is Mark.LINKED
    assert other[snapshot.node_of("blocks.0.lin")] == NO_NODE
    assert wholly_tied(snapshot).tolist() == [fqn == "head" for fqn in snapshot.fqns]


def test_shared_module_points_at_its_first_place() -> None:
    snapshot = tied_snapshot()
    aliases = snapshot.alias_of.copy()
    first, second = snapshot.node_of("blocks.0.lin"), snapshot.node_of("blocks.1.lin")
    aliases[second] = first
    other = partners(replace(snapshot, alias_of=aliases))
    assert (other[first], other[second]) == (second, first)


def test_lazy_module_waits() -> None:
    snapshot = snapshot_of()
    traits = snapshot.traits.copy()
    traits[snapshot.node_of("head")] = ModuleTrait.LAZY
    assert marks_of(replace(snapshot, traits=traits))["head"] is Mark.LAZY


def test_module_whose_hooks_look_at_some_steps_only_is_sampled() -> None:
    def entry(fqn: str, status: HookStatus = HookStatus.ACTIVE, every: int = 8) -> HookEntry:
        return HookEntry(fqn, HookKind.FORWARD, status, every=every)

    hooks = (entry("embed"), entry("head", every=1), entry("blocks.0", HookStatus.CANNOT_FIRE))
    marks = marks_of(snapshot_of(), hooks=hooks)
    assert marks["embed"] is Mark.SAMPLED
    assert marks["head"] is Mark.OBSERVED
    assert marks["blocks.0"] is Mark.CANNOT_FIRE
    passed_by = marks_of(snapshot_of(), hooks=hooks, coverage=NodeCoverage.BYPASSED)
    assert passed_by["embed"] is Mark.BYPASSED


def test_module_that_is_observed_by_one_hook_is_not_marked_for_another_that_was_refused() -> None:
    refused = HookEntry("head", HookKind.FULL_BACKWARD, HookStatus.CANNOT_FIRE, "because")
    observed = HookEntry("head", HookKind.FORWARD, HookStatus.ACTIVE)
    assert marks_of(snapshot_of(), hooks=[refused])["head"] is Mark.CANNOT_FIRE
    assert marks_of(snapshot_of(), hooks=[refused, observed])["head"] is Mark.OBSERVED
