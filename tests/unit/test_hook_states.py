"""Hook cells say the truth about a module and about all that is below it."""

from __future__ import annotations

from dataclasses import replace

from builders import snapshot_of
from moduleview.gui.models.hook_states import CellState, HookStates
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.snapshot import ModelSnapshot, ModuleTrait

FORWARD = HookKind.FORWARD
LEAVES = ("embed", "blocks.0", "blocks.0.lin", "blocks.0.act", "blocks.1", "blocks.1.lin", "head", "")


def states_of(snapshot: ModelSnapshot, **status_of: HookStatus) -> HookStates:
    """Forward hooks by FQN with ``_`` for ``.``."""
    named = {fqn.replace(".", "_"): fqn for fqn in snapshot.fqns}
    entries = [HookEntry(named[name], FORWARD, status) for name, status in status_of.items()]
    return HookStates(snapshot, {(entry.fqn, entry.kind): entry for entry in entries})


def state(states: HookStates, snapshot: ModelSnapshot, fqn: str) -> CellState:
    return states.state(snapshot.node_of(fqn), FORWARD)


def test_parent_sums_up_its_subtree() -> None:
    snapshot = snapshot_of()
    states = states_of(snapshot, blocks_0=HookStatus.ACTIVE, blocks_0_lin=HookStatus.ACTIVE)
    assert state(states, snapshot, "blocks.0.lin") is CellState.ACTIVE
    assert state(states, snapshot, "blocks.0") is CellState.PARTIAL
    assert states.counts(snapshot.node_of("blocks.0"), FORWARD) == (2, 3)
    assert state(states, snapshot, "blocks") is CellState.PARTIAL
    assert state(states, snapshot, "blocks.1") is CellState.OFF


def test_subtree_is_requested_until_all_of_it_is_confirmed() -> None:
    snapshot = snapshot_of()
    active, requested = HookStatus.ACTIVE, HookStatus.REQUESTED
    states = states_of(snapshot, blocks_0=active, blocks_0_lin=active, blocks_0_act=requested)
    assert state(states, snapshot, "blocks.0") is CellState.REQUESTED
    states = states_of(snapshot, blocks_0=active, blocks_0_lin=active, blocks_0_act=active)
    assert state(states, snapshot, "blocks.0") is CellState.ACTIVE


def test_container_is_never_ticked_itself_but_stands_for_what_is_below() -> None:
    snapshot = snapshot_of()
    states = HookStates(snapshot, {})
    assert "blocks" not in states.targets([0], FORWARD, enabled=True)
    assert set(states.targets([0], FORWARD, enabled=True)) == set(LEAVES)


def test_tick_changes_only_what_is_not_ticked_yet() -> None:
    snapshot = snapshot_of()
    states = states_of(snapshot, blocks_0_lin=HookStatus.ACTIVE, head=HookStatus.FAILED)
    node = snapshot.node_of("blocks.0")
    assert set(states.targets([node], FORWARD, enabled=True)) == {"blocks.0", "blocks.0.act"}
    assert states.targets([node], FORWARD, enabled=False) == ("blocks.0.lin",)
    assert states.targets([node], FORWARD, enabled=True, below=False) == ("blocks.0",)
    assert states.targets([snapshot.node_of("head")], FORWARD, enabled=True) == ("head",), "a failed one is tried again"


def test_refused_hook_does_not_keep_its_parent_partial() -> None:
    snapshot = snapshot_of()
    states = states_of(
        snapshot,
        blocks_0=HookStatus.ACTIVE,
        blocks_0_lin=HookStatus.ACTIVE,
        blocks_0_act=HookStatus.CANNOT_FIRE,
    )
    assert state(states, snapshot, "blocks.0.act") is CellState.CANNOT_FIRE
    assert state(states, snapshot, "blocks.0") is CellState.ACTIVE
    assert states.refused[snapshot.node_of("blocks.0.act")]


def test_script_module_cannot_fire_from_the_start() -> None:
    traits = snapshot_of().traits.copy()
    traits[snapshot_of().node_of("head")] = ModuleTrait.SCRIPT
    snapshot = replace(snapshot_of(), traits=traits)
    states = HookStates(snapshot, {})
    assert state(states, snapshot, "head") is CellState.CANNOT_FIRE
    assert states.targets([snapshot.node_of("head")], FORWARD, enabled=True) == ()


def test_second_place_of_a_shared_module_mirrors_and_ticks_the_first() -> None:
    aliases = snapshot_of().alias_of.copy()
    node_of = snapshot_of().node_of
    aliases[node_of("blocks.1.lin")] = node_of("blocks.0.lin")
    snapshot = replace(snapshot_of(), alias_of=aliases)
    states = HookStates(snapshot, {})
    assert states.targets([node_of("blocks.1.lin")], FORWARD, enabled=True) == ("blocks.0.lin",)
    states = states_of(snapshot, blocks_0_lin=HookStatus.ACTIVE)
    assert state(states, snapshot, "blocks.1.lin") is CellState.ACTIVE


def test_failed_hook_shows_on_its_module() -> None:
    snapshot = snapshot_of()
    assert state(states_of(snapshot, head=HookStatus.FAILED), snapshot, "head") is CellState.FAILED
