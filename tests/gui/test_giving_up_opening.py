"""A target whose code does not return: a person gives it up, and the window is as it was."""

import threading

from moduleview.gui.docking.docks import Docks
from moduleview.sources.inprocess import InProcessSource
from real_window import open_in, real_window, wait
from toy_tasks import toy_task


class Endless:
    """Makes its model only once it is let go."""

    def __init__(self):
        self.is_over = threading.Event()

    def __call__(self):
        self.is_over.wait(60.0)
        return toy_task()


def test_first_target_can_be_given_up(qtbot, tmp_path):
    endless = Endless()
    with real_window(tmp_path) as window:
        contents = window.contents
        assert not contents.actions.action("file.close").isEnabled()
        contents.parts.session.open(InProcessSource(endless))
        wait(contents.actions.action("file.close").isEnabled, "the action")
        contents.actions.run("file.close")
        assert not contents.parts.session.is_opening
        wait(lambda: not contents.actions.action("file.close").isEnabled(), "the welcome page")
        endless.is_over.set()


def test_what_was_open_stays_when_the_next_one_is_given_up(qtbot, tmp_path):
    endless = Endless()
    with real_window(tmp_path) as window:
        contents = window.contents
        open_in(window, toy_task)
        revision = contents.parts.session.store.model_revision
        contents.parts.session.open(InProcessSource(endless))
        contents.actions.run("file.close")
        contents.clock.tick()
        assert isinstance(contents.pages.currentWidget(), Docks)
        assert contents.parts.session.store.model_revision == revision
        endless.is_over.set()
