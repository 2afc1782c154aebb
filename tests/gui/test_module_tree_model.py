"""The tree's item model keeps Qt's rules while rows come and go."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.modeltest import ModelTester
from tree_builders import gpt_snapshot

from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.tree_columns import Column
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus


def test_model_keeps_qts_rules_through_every_change(qtmodeltester: ModelTester) -> None:
    snapshot = gpt_snapshot()
    model = ModuleTreeModel(snapshot)
    qtmodeltester.check(model, force_py=True)
    blocks = snapshot.node_of("blocks")
    for is_expanded in (False, True, False, True):
        model.set_expanded(blocks, is_expanded)
    model.set_subtree_expanded(0, True)
    matches = np.zeros(len(snapshot), dtype=np.bool_)
    model.set_matches(matches)
    assert model.rowCount() == 0
    matches[snapshot.node_of("blocks.3.mlp.1")] = True
    model.set_matches(matches)
    assert model.rowCount() == 5
    model.set_expanded(snapshot.node_of("blocks.3"), False)
    model.set_matches(None)
    model.set_snapshot(gpt_snapshot(2), keep_expansion=True)
    model.set_hooks({("embed", HookKind.FORWARD): HookEntry("embed", HookKind.FORWARD, HookStatus.ACTIVE)})
    qtmodeltester.check(model, force_py=True)


def test_expanding_inserts_exactly_the_rows_that_appear(qtbot: object) -> None:
    snapshot = gpt_snapshot()
    model = ModuleTreeModel(snapshot)
    inserted: list[tuple[int, int]] = []
    removed: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.rowsRemoved.connect(lambda _parent, first, last: removed.append((first, last)))
    before = model.rowCount()
    node = snapshot.node_of("blocks.0")
    row = model.rows.row_of(node)
    model.set_expanded(node, True)
    assert inserted == [(row + 1, row + 4)]
    assert model.rowCount() == before + 4
    model.set_expanded(node, False)
    assert removed == [(row + 1, row + 4)]
    assert model.rowCount() == before


def test_index_holds_a_number_and_no_object() -> None:
    model = ModuleTreeModel(gpt_snapshot())
    assert model.index(3, Column.TYPE).internalPointer() is None
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.data(QModelIndex()) is None


def test_screen_readers_hear_hooks_and_states() -> None:
    model = ModuleTreeModel(gpt_snapshot())
    row = model.rows.row_of(model.snapshot.node_of("rope"))
    spoken = model.index(row, Column.FORWARD).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("F: ")
    assert "ScriptModule" in spoken
    assert model.index(0, Column.NAME).data(Qt.ItemDataRole.AccessibleTextRole) == "GPT, level 1, expanded"
    assert model.index(1, Column.NAME).data(Qt.ItemDataRole.AccessibleTextRole) == "embed, level 2"
    model.set_hooks({("embed", HookKind.FORWARD): HookEntry("embed", HookKind.FORWARD, HookStatus.ACTIVE)})
    check = model.index(1, Column.FORWARD).data(Qt.ItemDataRole.CheckStateRole)
    assert check == Qt.CheckState.Checked
    assert model.index(0, Column.FORWARD).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.PartiallyChecked
