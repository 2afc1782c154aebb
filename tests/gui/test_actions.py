import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenu
from scripted_source import ScriptedSource, make_test_window, open_in

from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.actions.fuzzy import best_matches
from moduleview.gui.dialogs.shortcuts import ShortcutsDialog


@pytest.fixture
def window(qtbot, tmp_path):
    made = make_test_window(qtbot, tmp_path)
    made.show()
    open_in(made, ScriptedSource())
    return made


def palette_of(window):
    return next(palette for palette in window.findChildren(CommandPalette) if palette.isVisible())


def test_no_two_actions_share_an_id_or_a_key(window):
    specs = window.contents.actions.specs
    assert len({spec.id for spec in specs}) == len(specs)
    keys = [QKeySequence(key).toString() for spec in specs for key in spec.shortcut.split("; ") if key]
    assert len(set(keys)) == len(keys)
    assert all(keys)


def test_every_action_stands_in_its_menu(window):
    def actions_in(menu):
        for action in menu.actions():
            if isinstance(action.menu(), QMenu):
                yield from actions_in(action.menu())
            yield action.objectName()

    found = {name for action in window.menuBar().actions() for name in actions_in(action.menu())}
    assert {spec.id for spec in window.contents.actions.specs if spec.menu} <= found


def test_palette_finds_a_command_by_a_few_letters_and_runs_it(qtbot, window):
    window.contents.actions.run("tools.command_palette")
    palette = palette_of(window)
    qtbot.keyClicks(palette.field, "zoin")
    assert palette.titles()[0] == "Zoom in"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.contents.parts.theme.zoom == pytest.approx(1.1)
    assert not palette.isVisible()


def test_palette_lists_every_command_with_those_that_cannot_be_used_last(window):
    window.contents.actions.run("tools.command_palette")
    entries = palette_of(window).titles()
    assert len(entries) == len(window.contents.actions.specs)
    assert entries.index("Run") < entries.index("Pause")


def test_escape_closes_the_palette(qtbot, window):
    window.contents.actions.run("tools.command_palette")
    palette = palette_of(window)
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_command_that_cannot_be_used_is_not_run_from_the_palette(qtbot, window):
    source = ScriptedSource()
    open_in(window, source)
    window.contents.actions.run("tools.command_palette")
    palette = palette_of(window)
    qtbot.keyClicks(palette.field, "pause")
    assert palette.titles()[0] == "Pause"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert source.commands == []
    assert palette.isVisible()


def test_arrows_in_the_field_move_through_the_list(qtbot, window):
    window.contents.actions.run("tools.command_palette")
    palette = palette_of(window)
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == 1


def test_go_to_selects_a_module_by_letters_of_its_name(qtbot, window):
    window.contents.actions.run("edit.go_to")
    palette = palette_of(window)
    qtbot.keyClicks(palette.field, "1.lin")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.contents.selection.fqn == "blocks.1.lin"


def test_question_mark_shows_the_keys(qtbot, window):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_Question)
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ShortcutsDialog)]
    assert [dialog.isVisible() for dialog in dialogs] == [True]
    assert any("F5" in shortcut.keys for shortcut in dialogs[0].shown())


def test_tooltips_name_the_key(window):
    assert "F5" in window.contents.actions.action("run.start").toolTip()


@pytest.mark.parametrize(
    ("typed", "best"),
    [("gf", "go forward"), ("forw", "go forward"), ("run", "run"), ("rst", "reset layout"), ("", "go back")],
)
def test_best_match_comes_first(typed, best):
    titles = ["go back", "go forward", "run", "training run", "reset layout"]
    assert titles[best_matches(titles, typed, 10)[0]] == best


def test_what_does_not_hold_the_letters_is_left_out():
    assert best_matches(["alpha", "beta"], "xyz", 10) == []
