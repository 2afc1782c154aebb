"""Rows of the module tree: opening, closing and filtering never show a wrong row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from builders import snapshot_of
from moduleview.gui.models.module_rows import ModuleRows
from moduleview.telemetry.snapshot import ModelSnapshot


def fqns(rows: ModuleRows) -> list[str]:
    return [rows.snapshot.fqns[node] for node in rows.visible.tolist()]


def test_few_modules_are_all_open_at_first() -> None:
    assert fqns(ModuleRows(snapshot_of())) == list(snapshot_of().fqns)


def test_large_model_opens_only_whole_levels_that_fit_on_a_screen() -> None:
    spec = [("", "Net", ())]
    for block in range(10):
        spec += [(f"b{block}", "Block", ()), *((f"b{block}.{leaf}", "Leaf", ()) for leaf in range(5))]
    rows = ModuleRows(snapshot_of(spec))
    assert fqns(rows) == ["", *(f"b{block}" for block in range(10))]


def test_collapsing_hides_the_subtree_and_remembers_what_was_open_in_it() -> None:
    rows = ModuleRows(snapshot_of())
    blocks = rows.snapshot.node_of("blocks")
    rows.set_expanded(rows.snapshot.node_of("blocks.1"), False)
    rows.set_expanded(blocks, False)
    assert fqns(rows) == ["", "embed", "blocks", "head"]
    rows.set_expanded(blocks, True)
    assert "blocks.0.lin" in fqns(rows)
    assert "blocks.1.lin" not in fqns(rows)


def test_matches_keep_their_ancestors_and_nothing_else() -> None:
    rows = ModuleRows(snapshot_of())
    rows.set_expanded(0, False)
    matches = np.zeros(9, dtype=np.bool_)
    matches[rows.snapshot.node_of("blocks.0.act")] = True
    rows.set_matches(matches)
    assert fqns(rows) == ["", "blocks", "blocks.0", "blocks.0.act"]
    assert rows.n_matches == 1
    assert not rows.has_children(rows.snapshot.node_of("blocks.0.act"))
    rows.set_matches(None)
    assert fqns(rows) == [""], "what was closed before the filter is closed after it"


def test_reveal_opens_what_stands_above() -> None:
    rows = ModuleRows(snapshot_of())
    rows.set_subtree_expanded(0, False)
    node = rows.snapshot.node_of("blocks.1.lin")
    assert rows.row_of(node) == -1
    assert rows.reveal(node)
    assert rows.node_at(rows.row_of(node)) == node


def test_new_picture_keeps_what_was_open() -> None:
    earlier = ModuleRows(snapshot_of())
    earlier.set_expanded(earlier.snapshot.node_of("blocks"), False)
    later = ModuleRows(snapshot_of(generation=1))
    later.take_expansion_of(earlier)
    assert fqns(later) == fqns(earlier)


def visible_by_walking(snapshot: ModelSnapshot, opened: np.ndarray, matches: np.ndarray | None) -> list[int]:
    def below(node: int) -> range:
        return range(node, int(snapshot.subtree_end[node]))

    shown = []
    for node in range(len(snapshot)):
        above, is_open = int(snapshot.parent[node]), True
        while above >= 0:
            is_open &= bool(opened[above])
            above = int(snapshot.parent[above])
        if is_open and (matches is None or any(matches[each] for each in below(node))):
            shown.append(node)
    return shown


@given(st.data())
def test_prefix_sums_agree_with_a_walk_of_the_tree(data: st.DataObject) -> None:
    spec = [("", "Net", ())]
    for number in range(data.draw(st.integers(0, 12))):
        parent = data.draw(st.sampled_from([fqn for fqn, _t, _o in spec]))
        spec.append((f"{parent}.{number}".lstrip("."), "M", ()))
    spec.sort(key=lambda row: [int(part) for part in row[0].split(".")] if row[0] else [])
    rows = ModuleRows(snapshot_of(spec))
    opened = np.array(data.draw(st.lists(st.booleans(), min_size=len(spec), max_size=len(spec))))
    matches = data.draw(st.none() | st.lists(st.booleans(), min_size=len(spec), max_size=len(spec)))
    rows.set_matches(None if matches is None else np.array(matches))
    for node, is_open in enumerate(opened.tolist()):
        rows.set_expanded(node, is_open)
    found = None if matches is None else np.array(matches)
    assert rows.visible.tolist() == visible_by_walking(rows.snapshot, opened, found)
