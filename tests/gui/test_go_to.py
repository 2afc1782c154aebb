"""Ctrl+P as a person uses it: type a part of a path, complete it, go there, mend a wrong one by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui.panels
from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.panel import Panel
from moduleview.gui.panels.modules import ModulesPanel
from moduleview.registry import discover


@pytest.fixture
def window(qtbot, tmp_path):
    made = make_test_window(
        qtbot, tmp_path, panels=[p for p in discover(moduleview.gui.panels, Panel) if p is ModulesPanel]
    )
    made.show()
    open_in(made, ScriptedSource())
    return made


@pytest.fixture
def palette(window):
    window.contents.actions.run("edit.go_to")
    (opened,) = window.findChildren(CommandPalette)
    opened.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    return opened


def details(palette):
    return [
        palette.list.model().index(row, 0).data(Qt.ItemDataRole.UserRole).detail for row in range(len(palette.titles()))
    ]


def sentence(palette):
    (label,) = palette.findChildren(QLabel)
    return label.text()


def test_modules_parameters_and_buffers_are_offered_with_kind_and_shape(qtbot, palette):
    qtbot.keyClicks(palette.field, "blocks.0.lin")
    assert palette.titles() == ["blocks.0.lin", "blocks.0.lin.bias", "blocks.0.lin.weight"]
    assert details(palette) == ["Linear", "parameter 4", "parameter 4 × 4"]
    assert sentence(palette) == ""


def test_tab_completes_and_enter_goes_to_a_parameter(qtbot, window, palette):
    qtbot.keyClicks(palette.field, "head.w")
    qtbot.keyClick(palette.field, Qt.Key.Key_Tab)
    assert palette.field.text() == "head.weight"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    selection = window.contents.selection
    assert (selection.fqn, selection.tensor_fqn) == ("head", "head.weight")


def test_a_name_that_does_not_exist_is_told_and_the_nearest_is_one_key_away(qtbot, window, palette):
    qtbot.keyClicks(palette.field, "blocks.1.lim")
    assert sentence(palette) == "No module, parameter or buffer is called blocks.1.lim. Nearest: blocks.1.lin"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.contents.selection.fqn == "blocks.1.lin"


def test_the_field_over_the_tree_takes_what_python_would(qtbot, window):
    field = window.findChild(ModulesPanel).field
    field.setText('model.get_parameter("blocks.1.lin.bias")')
    qtbot.keyClick(field, Qt.Key.Key_Return)
    selection = window.contents.selection
    assert (selection.fqn, selection.tensor_fqn) == ("blocks.1.lin", "blocks.1.lin.bias")
    assert field.text() == ""
