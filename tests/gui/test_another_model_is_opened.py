"""Another model is opened while something of a person's own still runs in the first."""

from moduleview.telemetry.commands import Run
from moduleview.telemetry.user_hooks_messages import UserHookState
from real_window import open_in, real_window, train_to, wait
from toy_tasks import toy_task

NEVER_ENDS = "def f(module, args, output):\n    while True:\n        pass"


def editor_of(window):
    return next(dock.panel for dock in window.contents.docks.docks if dock.objectName() == "hook_editor")


def write(window, code):
    window.contents.context.handovers.write_hook("0")
    panel = editor_of(window)
    panel.page.editor.set_code(code)
    panel.page.read_now()
    return panel, panel.drafts.all[-1].name


def test_dry_run_that_never_ends_does_not_keep_another_model_from_opening(tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        session = window.contents.parts.session
        session.send(Run(1))
        train_to(window, 0)
        panel, name = write(window, NEVER_ENDS)
        panel.side.dry_run.click()
        wait(lambda: name in session.store.books.user_hooks.trying, "the dry run")
        open_in(window, toy_task)
        window.contents.clock.tick()
        assert session.store.books.user_hooks.trying == {}
        assert panel.side.dry_run.isEnabled()
        assert panel.side.interrupt.isHidden()


def test_hook_that_was_live_is_off_in_another_model_and_its_text_stays(tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        session = window.contents.parts.session
        panel, name = write(window, "def f(module, args, output):\n    return output * 0.5")
        panel.side.go_live.click()
        changed = session.store.books.user_hooks.changed
        wait(lambda: name in changed and changed[name].state is UserHookState.LIVE, "a live hook")
        session.send(Run(100_000))
        train_to(window, 2)
        open_in(window, toy_task)
        session.send(Run(2))
        train_to(window, 1)
        window.contents.clock.tick()
        assert session.store.books.user_hooks.changed == {}
        assert not panel.side.take_off.isEnabled()
        assert "* 0.5" in panel.page.editor.code()
