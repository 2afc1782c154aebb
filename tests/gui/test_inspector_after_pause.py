import time

from moduleview.gui.look.number_format import exact_count
from moduleview.telemetry.commands import SetThrottle
from moduleview.telemetry.records import RunState
from real_window import open_in, real_window, train_to, wait
from toy_tasks import toy_task


def inspected(window):
    """The Parameters tab of the Inspector."""
    return window.contents.docks.dock("inspector").panel.parameters


def says_step(window, n_steps):
    return f"step {exact_count(n_steps)} " in inspected(window).detail._where.text()


def run_of(window):
    return window.contents.parts.session.store.run


def test_detail_shows_the_last_state_soon_after_the_run_stands_still(tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        contents = window.contents
        contents.context.send(SetThrottle(50.0))
        contents.selection.select("0", tensor_fqn="0.weight")
        contents.control.start()
        train_to(window, 20)
        before = inspected(window).detail._where.text()
        wait(lambda: inspected(window).detail._where.text() != before)  # it has just been asked for
        contents.control.pause()
        wait(lambda: run_of(window).state is RunState.PAUSED)
        paused_at_s = time.monotonic()
        wait(lambda: says_step(window, run_of(window).step) or time.monotonic() > paused_at_s + 5.0)
        assert says_step(window, run_of(window).step)


def test_detail_follows_single_steps(tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        window.contents.selection.select("0", tensor_fqn="0.weight")
        wait(lambda: says_step(window, 0))
        for n_steps in (1, 2):
            window.contents.control.step_once()
            wait(lambda n=n_steps: run_of(window).step == n)
            began_s = time.monotonic()
            wait(lambda n=n_steps, at=began_s: says_step(window, n) or time.monotonic() > at + 5.0)
            assert says_step(window, n_steps)
