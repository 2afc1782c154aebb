"""Every item model of the real window holds what Qt expects of one; a model that nobody looks at here fails too."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hand_made_lab import HandMadeLab
from PySide6.QtCore import QAbstractItemModel, Qt
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui
import moduleview.gui.panels
from builders import declare_gradients
from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.panel import Panel
from moduleview.gui.panels.inspector import InspectorPanel
from moduleview.gui.panels.lab import LabPanel
from moduleview.registry import discover
from moduleview.telemetry.changes_messages import AlarmRang, ChangeJournaled
from moduleview.telemetry.costs import CostEntry, CostsMeasured
from moduleview.telemetry.hooks import FoundHook
from moduleview.telemetry.initialising_messages import PreviewBegun, Visit
from moduleview.telemetry.records import (
    Finding,
    FindingsReported,
    LogLine,
    ModuleReport,
    Severity,
    StepRecord,
    Tier,
)

FINDING = Finding("S1", Tier.FACT, Severity.ERROR, "Not registered", "head", "rule", ("a = 1",), "do")
HOOK = FoundHook("forward", "user_code.watch", "user_code.py:3", is_ours=False)


def item_models_in_the_sources():
    for path in Path(moduleview.gui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            bases = [base.id for base in getattr(node, "bases", []) if isinstance(base, ast.Name)]
            if any(base.startswith("QAbstract") and base.endswith("Model") for base in bases):
                yield node.name


@pytest.fixture
def window(qtbot, tmp_path):
    made = make_test_window(qtbot, tmp_path, panels=discover(moduleview.gui.panels, Panel))
    made.show()
    source = ScriptedSource()
    open_in(made, source)
    store = made.contents.parts.session.store
    keys = declare_gradients(store)
    for step in range(20):
        series = np.arange(len(keys), dtype=np.int32)
        source.records.append(StepRecord(0, step, step * 0.01, series, np.full(len(keys), 0.1, dtype=np.float32)))
    source.records.append(FindingsReported((FINDING,), 3))
    source.records.append(CostsMeasured((CostEntry("grad_norm", "", 1.0, 1.0, 1, 20, 0),), 1e4, 0.02, 1e-4))
    source.records.append(LogLine(0.0, "stdout", "hello"))
    source.records.append(ChangeJournaled(1, 3, "Froze head", "p.requires_grad_(False)", fqn="head"))
    source.records.append(AlarmRang(2, 4, "grad_norm", "head", 12.0, "grad_norm of head was 12, above 10", "mark"))
    source.records.append(PreviewBegun(1, 20, (Visit(1, "head", "Linear"),)))
    source.records.append(ModuleReport("head", "Linear", "Linear()", "", "", "", "", (HOOK,)))
    made.contents.clock.tick()
    made.contents.selection.select("head")
    made.contents.context.handovers.write_hook("head")
    made.contents.actions.run("tools.command_palette")
    made.findChild(InspectorPanel).modules.show_module(store.model, 0, True)
    for palette in made.findChildren(CommandPalette):
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # it closes when the focus goes elsewhere
    for panel in made.findChildren(Panel):
        panel.refresh(store)  # those behind a tab too
    lab = HandMadeLab(SimpleNamespace(sent=source.commands, store=store))
    lab.put(np.eye(3))
    lab.settle(made.findChild(LabPanel))
    return made


@pytest.mark.parametrize("name", sorted(item_models_in_the_sources()))
def test_item_model_of_the_window_is_what_qt_expects(name, window, qtmodeltester):
    ours = [model for model in window.findChildren(QAbstractItemModel) if type(model).__name__ == name]
    assert ours, "nothing in the window shows this model"
    filled = max(ours, key=lambda model: model.rowCount())
    assert filled.rowCount()
    qtmodeltester.check(filled, force_py=True)
