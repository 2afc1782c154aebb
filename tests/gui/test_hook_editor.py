"""A person writes a hook in the real window: tried, put live, changed by a field, taken off, kept."""

import json
import math
import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QComboBox

from moduleview.gui.hook_editor.drafts import MAXIMUM_HOOKS, Drafts
from moduleview.gui.tree.tree_menus import TreeMenus
from moduleview.telemetry.commands import Run
from moduleview.telemetry.user_hook_templates import template_of
from moduleview.telemetry.user_hooks_messages import PythonLiteral, UserHookKind, UserHookState
from real_window import open_in, real_window, wait
from toy_tasks import toy_task

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")  # of the open list
SCALES = 'def scale(module, args, output, *, by=0.5, mode: Literal["a", "b"] = "a"):\n    return output * by\n'
CODE = f"from typing import Literal\n{SCALES}"


class Editor:
    """The panel in a window, and what a person does there."""

    def __init__(self, window, qtbot):
        self.window, self.qtbot = window, qtbot
        self.contents = window.contents
        self.panel = next(dock.panel for dock in self.contents.docks.docks if dock.objectName() == "hook_editor")
        self.page, self.side = self.panel.page, self.panel.side

    @property
    def book(self):
        return self.contents.parts.session.store.books.user_hooks

    def write(self, code, fqn="0", *, is_parameter=False):
        self.contents.context.handovers.write_hook(fqn, is_parameter=is_parameter)
        self.page.editor.selectAll()
        QApplication.clipboard().setText(code)
        self.page.editor.paste()
        self.page.read_now()
        return self.panel.drafts.all[-1].name

    def click(self, button):
        assert button.isEnabled()
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def go_live(self, name):
        self.click(self.side.go_live)
        wait(lambda: name in self.book.changed and self.book.changed[name].state is UserHookState.LIVE, "a live hook")
        self.contents.clock.tick()

    def run(self, n_steps):
        session = self.contents.parts.session
        before = session.store.run.step
        session.send(Run(n_steps))
        wait(lambda: session.store.run.step >= before + n_steps, "the steps")


def choose(box, text):
    """As a person chooses in a list."""
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


@pytest.fixture
def editor(qtbot, tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        made = Editor(window, qtbot)
        made.contents.docks.bring_forward("hook_editor")
        yield made


def test_hook_is_written_tried_put_live_changed_by_a_field_and_taken_off(editor):
    editor.run(1)
    name = editor.write(CODE)
    editor.click(editor.side.dry_run)
    wait(lambda: name in editor.book.tried, "the dry run")
    editor.contents.clock.tick()
    assert "16 × 8 float32" in editor.side.result.code()
    assert "(× 0.5)" in editor.side.result.code()
    editor.go_live(name)
    assert editor.side.take_off.isEnabled()
    assert editor.side.status.text().startswith("Live")
    field = editor.side.fields.widgets["by"]
    field.selectAll()
    editor.qtbot.keyClicks(field, "0.25")
    editor.qtbot.keyClick(field, Qt.Key.Key_Return)
    wait(lambda: editor.book.changed[name].arguments["by"] == 0.25, "the new value")
    editor.run(3)
    wait(lambda: editor.book.changed[name].n_calls == 3, "its calls")
    editor.click(editor.side.take_off)
    wait(lambda: editor.book.changed[name].state is UserHookState.OFF, "off")
    editor.contents.clock.tick()
    assert not editor.side.take_off.isEnabled()
    assert editor.panel.drafts.get(name).arguments == {"by": 0.25}


def test_choice_and_switch_are_fields_of_their_own(editor):
    editor.write('def f(grad, *, on=True, mode: Literal["a", "b"] = "b"): pass', "0.weight", is_parameter=True)
    widgets = editor.side.fields.widgets
    assert isinstance(widgets["mode"], QComboBox)
    assert widgets["mode"].currentText() == "b"
    assert widgets["on"].isChecked()
    widgets["on"].click()
    assert editor.panel.drafts.all[-1].arguments == {"on": False}


def test_text_that_is_no_number_is_refused_at_its_field(editor):
    editor.write(CODE)
    field = editor.side.fields.widgets["by"]
    field.selectAll()
    editor.qtbot.keyClicks(field, "much")
    editor.qtbot.keyClick(field, Qt.Key.Key_Return)
    problem = editor.side.fields.problems["by"]
    assert "takes a number" in problem.text()
    assert problem.isVisible()
    assert editor.panel.drafts.all[-1].arguments == {}


def test_list_and_none_are_fields_that_take_literals_only(editor):
    name = editor.write("def f(module, args, output, *, dims=[0, 1], mode=None): print(dims, mode)")
    fields, drafts = editor.side.fields, editor.panel.drafts
    editor.go_live(name)
    assert [fields.widgets[field].text() for field in ("dims", "mode")] == ["[0, 1]", "None"]

    def set_to(field, text):
        fields.widgets[field].selectAll()
        editor.qtbot.keyClicks(fields.widgets[field], text)
        editor.qtbot.keyClick(fields.widgets[field], Qt.Key.Key_Return)

    set_to("dims", "(1,)")
    assert "dims takes a list as Python writes it, for example [0, 1]." in fields.problems["dims"].text()
    assert drafts.get(name).arguments == {}
    set_to("dims", "[1, 2]")
    set_to("mode", "'mean'")
    assert not fields.problems["dims"].isVisible()
    wait(lambda: editor.book.changed[name].arguments["mode"] == PythonLiteral("'mean'"), "the new value")
    assert editor.book.changed[name].arguments["dims"] == PythonLiteral("[1, 2]")
    again = Drafts(editor.panel)
    again.restore(drafts.kept())
    assert again.get(name) == drafts.get(name)


def test_draft_with_an_infinite_argument_is_kept(editor):
    name = editor.write(CODE)
    editor.panel.drafts.set_arguments(name, {"by": math.inf})
    again = Drafts(editor.panel)
    again.restore(editor.panel.drafts.kept())
    assert again.get(name).code == CODE


def test_draft_that_cannot_be_read_costs_no_other(editor):
    first, second = editor.write(CODE), editor.write(CODE)
    hooks = json.loads(editor.panel.drafts.kept())
    hooks[0]["kind"] = "of another version"
    again = Drafts(editor.panel)
    again.restore(json.dumps(hooks))
    assert again.get(first) is None
    assert again.get(second).code == CODE


def test_syntax_error_marks_its_line_and_nothing_can_be_run(editor):
    editor.write("def f(module, args, output):\n    return (")
    assert editor.page.editor.marked[0] == 2
    assert "SyntaxError" in editor.page.problem.text()
    assert not editor.side.go_live.isEnabled()
    assert not editor.side.dry_run.isEnabled()


def test_hook_that_raises_is_shown_with_its_line_until_it_is_mended(editor):
    name = editor.write("def f(module, args, output):\n    x = 1\n    return output / missing")
    editor.go_live(name)
    editor.contents.parts.session.send(Run(2))
    wait(lambda: editor.book.changed[name].state is UserHookState.FAILED, "the failure")
    editor.contents.clock.tick()
    assert editor.page.editor.marked[0] == 3
    assert "Line 3: NameError" in editor.page.problem.text()
    assert "Taken off at step 0" in editor.side.status.text()
    wait(lambda: editor.contents.parts.session.store.run.step >= 1, "training goes on")
    editor.page.editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.qtbot.keyClicks(editor.page.editor, " ")
    editor.page.read_now()
    assert editor.page.problem.text() == ""


def test_dry_run_that_never_ends_is_interrupted_from_the_window(editor):
    editor.run(1)
    name = editor.write("def f(module, args, output):\n    while True:\n        pass")
    editor.click(editor.side.dry_run)
    wait(lambda: not editor.side.interrupt.isHidden(), "the button")
    editor.click(editor.side.interrupt)
    wait(lambda: name in editor.book.tried, "the end of it")
    assert "interrupted" in editor.book.tried[name].problem.message
    editor.run(1)


def test_live_hook_that_never_ends_is_interrupted_and_training_goes_on(editor):
    name = editor.write("def f(module, args, output):\n    while True:\n        pass")
    editor.go_live(name)
    editor.contents.parts.session.send(Run(3))
    wait(lambda: not editor.side.interrupt.isHidden(), "the button, after two seconds")
    editor.click(editor.side.interrupt)
    wait(lambda: editor.book.changed[name].state is UserHookState.FAILED, "it was taken off")
    wait(lambda: editor.contents.parts.session.store.run.step >= 2, "training goes on")


def test_code_that_never_ends_while_it_goes_live_is_interrupted(editor):
    name = editor.write("while True:\n    pass\ndef f(module, args, output): pass")
    editor.click(editor.side.go_live)
    wait(lambda: not editor.side.interrupt.isHidden(), "the button")
    editor.click(editor.side.interrupt)
    wait(lambda: name in editor.book.changed, "the answer")
    assert editor.book.changed[name].problem.line in (1, 2)
    editor.run(1)


def test_names_of_the_live_module_are_offered_behind_the_dot(editor):
    editor.write("def f(module, args, output):\n    ")
    wait(lambda: editor.book.words is not None, "the names")
    code = editor.page.editor
    code.setFocus()
    code.moveCursor(QTextCursor.MoveOperation.End)
    editor.qtbot.keyClicks(code, "module.in_f")
    assert code.popup.is_open
    editor.qtbot.keyClick(code.popup.popup(), Qt.Key.Key_Return)
    assert code.code().endswith("module.in_features")


def test_other_kind_brings_its_template_as_long_as_nothing_was_written(editor):
    editor.contents.context.handovers.write_hook("0")
    choose(editor.page.kind, "Full backward")
    assert editor.page.editor.code() == template_of(UserHookKind.BACKWARD)
    editor.page.editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.page.editor.insertPlainText("# mine")
    choose(editor.page.kind, "Forward")
    assert editor.page.editor.code().endswith("# mine")


def test_selection_says_on_what_a_hook_goes(editor):
    editor.contents.context.handovers.write_hook("0")
    editor.contents.selection.select("3")
    editor.click(editor.page.take)
    assert editor.panel.drafts.all[-1].fqn == "3"
    choose(editor.page.kind, "Tensor (gradient)")
    editor.click(editor.page.take)
    assert editor.panel.drafts.all[-1].fqn == "3.weight"


def test_hook_that_is_thrown_away_is_taken_off(editor):
    name = editor.write(CODE)
    editor.go_live(name)
    editor.panel.delete.click()
    wait(lambda: editor.book.changed[name].state is UserHookState.OFF, "off")
    assert editor.panel.drafts.all == ()


def test_hooks_are_kept_between_two_starts_and_none_goes_live_by_itself(qtbot, tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        first = Editor(window, qtbot)
        first.go_live(first.write(CODE))
        kept = first.panel.drafts.all
        window.contents.save_settings()
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        second = Editor(window, qtbot)
        assert second.panel.drafts.all == kept
        second.run(2)
        assert second.book.changed == {}


@pytest.mark.parametrize("kept", ["{", "[1]", '[{"name": "../x", "kind": "forward", "fqn": "", "code": ""}]', "null"])
def test_broken_settings_leave_the_editor_empty(kept):
    drafts = Drafts(None)
    drafts.restore(kept)
    assert drafts.all == ()


def test_there_is_an_end_to_how_many_hooks_there_are():
    drafts = Drafts(None)
    for _ in range(MAXIMUM_HOOKS + 1):
        drafts.add(UserHookKind.FORWARD, "")
    assert len(drafts.all) == MAXIMUM_HOOKS


def test_names_are_offered_within_a_tenth_of_a_second(editor):
    editor.write(CODE)
    wait(lambda: editor.book.words is not None, "the names")
    editor.page.editor.moveCursor(QTextCursor.MoveOperation.End)
    best_s = math.inf
    for _ in range(3):
        began_s = time.perf_counter()
        editor.page.editor.offer_names()
        best_s = min(best_s, time.perf_counter() - began_s)
    assert best_s < 0.1


def test_trees_menu_begins_a_hook_on_its_module(editor):
    tree = next(dock.panel for dock in editor.contents.docks.docks if dock.objectName() == "modules")
    snapshot = editor.contents.parts.session.store.model
    menu = tree.findChild(TreeMenus).of_node(snapshot.node_of("3"))
    next(action for action in menu.actions() if action.text() == "Write a hook...").trigger()
    assert editor.panel.drafts.all[-1].fqn == "3"
    assert editor.panel.is_in_sight
    assert editor.page.editor.hasFocus()
    menu.deleteLater()


def test_in_a_small_window_every_hook_can_be_chosen_and_the_status_is_whole(qtbot, tmp_path):
    with real_window(tmp_path, (900, 600)) as window:
        open_in(window, toy_task)
        small = Editor(window, qtbot)
        small.contents.docks.bring_forward("hook_editor")
        first, second = small.write(CODE, "0"), small.write(CODE, "3")
        small.go_live(second)
        assert not small.panel.table.isVisible()
        assert small.side.chooser.isVisible()
        status = small.side.status
        assert status.height() >= status.heightForWidth(status.width()) > 0
        choose(small.side.chooser, first)
        small.side.chooser.textActivated.emit(first)
        assert small.page.target.text() == "0"


def test_result_of_a_dry_run_is_scrolled_to_in_a_low_panel(qtbot, tmp_path):
    with real_window(tmp_path, (900, 600)) as window:
        open_in(window, toy_task)
        small = Editor(window, qtbot)
        small.contents.docks.bring_forward("hook_editor")
        small.run(1)
        name = small.write(CODE)
        small.click(small.side.dry_run)
        wait(lambda: name in small.book.tried, "the dry run")
        small.contents.clock.tick()
        assert small.side.result.visibleRegion().boundingRect().height() > 0
