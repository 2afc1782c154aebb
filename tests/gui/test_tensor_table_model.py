"""The table of parameters and buffers: what its cells say, and that Qt's own tester has no complaint."""

from dataclasses import replace

import numpy as np
import pytest
from inspector_parts import Bench
from PySide6.QtCore import QModelIndex, Qt

from builders import opened_store, snapshot_of
from moduleview.gui.models.cell_look import COPY_ROLE, SWATCH_ROLE
from moduleview.gui.models.hook_states import CellState
from moduleview.gui.models.tensor_columns import TensorColumn
from moduleview.gui.models.tensor_table_model import HOOK_STATE_ROLE, TensorTableModel
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.records import HooksChanged

TICKED = Qt.CheckState.Checked


def make_model(parent, store, below="blocks.0"):
    model = TensorTableModel(store, parent)
    snapshot = store.model
    model.show_rows(snapshot, snapshot.subtree_tensors(snapshot.node_of(below)), below)
    return model


def column_of(model, column):
    return [model.index(row, column).data() for row in range(model.rowCount())]


def with_tensors(**changes):
    """The small snapshot with other columns of its tensor table."""
    snapshot = snapshot_of()
    return replace(snapshot, tensors=replace(snapshot.tensors, **changes))


@pytest.fixture
def store():
    return opened_store()


def test_names_are_relative_to_the_module_and_in_model_order(qapp, store):
    model = make_model(qapp, store)
    assert column_of(model, TensorColumn.NAME) == ["lin.weight", "lin.bias"]
    assert column_of(model, TensorColumn.SHAPE) == ["4 × 4", "4"]


def test_gradient_is_a_dash_until_measured_and_then_live_with_a_swatch(qapp):
    bench = Bench()
    model = make_model(qapp, bench.store)
    cell = model.index(0, TensorColumn.GRADIENT)
    assert (cell.data(), cell.data(SWATCH_ROLE)) == ("–", None)
    bench.train(3, 0.42)
    assert cell.data() == "4.2e-1"
    assert cell.data(SWATCH_ROLE) == pytest.approx(0.42)
    assert float(cell.data(COPY_ROLE)) == np.float32(0.42)


def test_tied_tensors_point_at_each_other_and_show_one_gradient(qapp):
    alias_of = np.array([-1, -1, -1, -1, -1, 0], dtype=np.int32)
    bench = Bench(snapshot=with_tensors(alias_of=alias_of))
    bench.train(2, 0.5)
    model = make_model(qapp, bench.store, "")
    assert column_of(model, TensorColumn.TIED) == ["head.weight", "–", "–", "–", "–", "embed.weight"]
    toggled = []
    model.hook_toggled.connect(lambda fqn, on: toggled.append((fqn, on)))
    assert model.setData(model.index(5, TensorColumn.HOOK), TICKED, Qt.ItemDataRole.CheckStateRole)
    assert toggled == [("embed.weight", True)]


def test_lazy_tensor_says_that_it_waits(qapp):
    shapes = (None, *snapshot_of().tensors.shapes[1:])
    model = make_model(qapp, opened_store(with_tensors(shapes=shapes)), "")
    assert model.index(0, TensorColumn.SHAPE).data() == "waits"
    assert "first input" in model.index(0, TensorColumn.SHAPE).data(Qt.ItemDataRole.ToolTipRole)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (HookStatus.ACTIVE, CellState.ACTIVE),
        (HookStatus.CANNOT_FIRE, CellState.CANNOT_FIRE),
        (HookStatus.FAILED, CellState.FAILED),
    ],
)
def test_hook_cell_shows_the_state_that_the_training_side_confirmed(qapp, store, status, state):
    model = make_model(qapp, store)
    cell = model.index(0, TensorColumn.HOOK)
    assert cell.data(HOOK_STATE_ROLE) == CellState.OFF
    store.apply(HooksChanged((HookEntry("blocks.0.lin.weight", HookKind.TENSOR, status, reason="because"),)))
    assert cell.data(HOOK_STATE_ROLE) == state
    assert status is HookStatus.ACTIVE or cell.data(Qt.ItemDataRole.ToolTipRole) == "because"


def test_frozen_parameter_cannot_be_ticked_and_says_why(qapp):
    model = make_model(qapp, opened_store(with_tensors(requires_grad=np.zeros(6, dtype=np.bool_))))
    cell = model.index(0, TensorColumn.HOOK)
    assert cell.data(HOOK_STATE_ROLE) == CellState.CANNOT_FIRE
    assert "Frozen" in cell.data(Qt.ItemDataRole.ToolTipRole)
    assert not model.setData(cell, TICKED, Qt.ItemDataRole.CheckStateRole)


def test_hostile_name_is_written_out(qapp):
    names = ("we\u202eight\x1b[31m", *snapshot_of().tensors.names[1:])
    model = make_model(qapp, opened_store(with_tensors(names=names)), "")
    assert "\u202e" not in model.index(0, TensorColumn.NAME).data()
    assert "\\u202e" in model.index(0, TensorColumn.NAME).data()


def test_row_of_finds_only_what_is_shown(qapp, store):
    model = make_model(qapp, store)
    assert model.row_of("blocks.0.lin.bias") == 1
    assert model.row_of("head.weight") is None
    assert model.row_of("no.such.tensor") is None
    assert model.row_of(None) is None


def test_a_fault_in_the_store_becomes_a_placeholder(qtbot, qapp, store, monkeypatch):
    model = make_model(qapp, store)
    monkeypatch.setattr(store, "latest", lambda key: 1 / 0)
    with qtbot.capture_exceptions() as seen:
        assert model.index(0, TensorColumn.GRADIENT).data() == "?"
        assert model.index(1, TensorColumn.GRADIENT).data() == "?"
    assert [kind for kind, *_ in seen] == [ZeroDivisionError]


def test_rows_have_no_children(qapp, store):
    model = make_model(qapp, store)
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.rowCount(QModelIndex()) == 2
