"""Fault row 31 at run time: beside a training thread the GUI thread touches no tensor and no module of the model."""

import threading

import pytest
import torch
from PySide6.QtCore import QAbstractListModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication
from torch.overrides import TorchFunctionMode

from moduleview.telemetry.commands import Freeze, SetHooks, SetThrottle
from moduleview.telemetry.hooks import HookKind
from real_window import open_in, real_window, train_to, wait
from toy_tasks import toy_model, toy_task

_ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)


class Tripwire(TorchFunctionMode):
    """Keeps whatever the thread that entered it does with a tensor: attributes too, and those of no other thread."""

    def __init__(self):
        super().__init__()
        self.touched = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.touched.append(str(function))
        return function(*args, **(kwargs or {}))


class Watched(torch.nn.Module):
    """A model that knows which threads read an attribute of it."""

    def __init__(self):
        super().__init__()
        self.inner = toy_model()
        self.readers = set()

    def __getattribute__(self, name):
        if name != "readers":
            object.__getattribute__(self, "__dict__").get("readers", set()).add(threading.current_thread())
        return super().__getattribute__(name)

    def forward(self, inputs):
        return self.inner(inputs)


@pytest.mark.parametrize("touch", ["grad", "data", "requires_grad", "shape", "norm", "is_leaf"])
def test_tripwire_notices_every_way_to_touch_a_tensor_in_this_thread_only(touch):
    tensor = torch.ones(2, requires_grad=True)

    def read():
        value = getattr(tensor, touch)
        return value() if callable(value) else value

    with Tripwire() as wire:
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        assert wire.touched == []
        read()
    assert wire.touched != []


def test_window_beside_training_touches_no_tensor_and_no_module(qtbot, tmp_path):
    models = []

    def make():
        models.append(Watched())
        return toy_task(model=models[-1])

    with real_window(tmp_path) as window:
        wait(lambda: window.contents.pages.made_docks is not None)
        with Tripwire() as wire:
            open_in(window, make, trains=True)
            train_to(window, 5)
            window.contents.context.send(SetThrottle(40.0))
            for kind in HookKind:
                window.contents.context.send(SetHooks(("inner.0", "inner.0.weight"), kind, enabled=True))
            visit_everything(window)
            window.contents.context.send(Freeze("inner.0", frozen=True))
            window.contents.actions.run("run.pause")
            visit_everything(window)
        assert wire.touched == []
        assert {thread.name for thread in models[0].readers} == {"moduleview-training"}


def visit_everything(window):
    """Select each module, bring each panel forward, read each cell and tooltip, and let everything be drawn."""
    store = window.contents.parts.session.store
    for fqn in (*store.model.fqns, "inner.0"):
        window.contents.selection.select(fqn)
        window.contents.redraw()
        window.contents.clock.tick()
    window.contents.selection.select_tensor("inner.0.weight")
    wait(lambda: store.tensor_report("inner.0.weight") is not None, "a report")
    for dock in window.contents.docks.docks:
        window.contents.docks.bring_forward(dock.objectName())
        QApplication.processEvents()
        window.contents.redraw()
        window.contents.clock.tick()
        dock.grab()
        for view in dock.findChildren(QAbstractItemView):
            read_cells(view.model())


def read_cells(model):
    for row in range(min(model.rowCount(), 50)):
        for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount()):
            for role in _ROLES:
                model.index(row, column).data(role)
