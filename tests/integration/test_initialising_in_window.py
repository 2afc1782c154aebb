"""The tree's menu brings the Initialise panel forward; Apply, Undo and Ctrl+Z reach the live model."""

from __future__ import annotations

from pathlib import Path

import torch
from pytestqt.qtbot import QtBot

from moduleview import TrainingTask
from moduleview.gui.panels.initialise import InitialisePanel
from moduleview.gui.panels.modules import ModulesPanel
from moduleview.telemetry.initialising_messages import Part
from real_window import open_in, real_window, wait
from toy_tasks import toy_task


def test_menu_of_the_tree_apply_and_undo(qtbot: QtBot, tmp_path: Path) -> None:
    tasks: list[TrainingTask] = []

    def make() -> TrainingTask:
        tasks.append(toy_task())
        return tasks[-1]

    with real_window(tmp_path) as window:
        open_in(window, make)
        docks, store = window.contents.docks, window.contents.parts.session.store
        model = store.model
        panel = docks.findChild(InitialisePanel)
        tree = docks.findChild(ModulesPanel)
        assert model is not None
        assert isinstance(panel, InitialisePanel)
        assert isinstance(tree, ModulesPanel)
        menu = tree._menus.of_node(model.fqns.index("3"))
        next(action for action in menu.actions() if action.text() == "Initialise...").trigger()
        wait(lambda: panel.is_in_sight, "the panel")
        assert panel.form.place.text() == "3"
        wait(lambda: panel.form.initialiser.count() > 10, "the initialisers")

        panel.form.initialiser.setCurrentIndex(panel.form.initialiser.findData("orthogonal_"))
        panel.form.part.setCurrentIndex(panel.form.part.findData(Part.WEIGHTS.value))
        weight = tasks[-1].model[3].weight
        before = weight.detach().clone()
        panel.side.preview.click()
        wait(lambda: panel.model.rowCount() > 1 and store.books.initialising.ended is not None, "the preview")
        assert torch.equal(weight, before)

        panel.side.apply.click()
        wait(lambda: panel.side.undo.isEnabled(), "the change")
        given = weight.detach().clone()
        assert not torch.equal(given, before)
        assert torch.allclose(given @ given.T, torch.eye(2), atol=1e-5)
        wait(lambda: docks.undo_stack.canUndo(), "an entry to undo")
        window.contents.actions.run("edit.undo")
        wait(lambda: not panel.side.undo.isEnabled(), "the old values")
        assert torch.equal(weight, before)
        window.contents.actions.run("edit.redo")
        wait(lambda: panel.side.undo.isEnabled(), "the new values again")
        assert torch.equal(weight, given)
        panel.side.undo.click()
        wait(lambda: not panel.side.undo.isEnabled(), "the old values again")
        assert torch.equal(weight, before)
