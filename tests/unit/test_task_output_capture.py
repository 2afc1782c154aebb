"""What one thread prints becomes lines; what the others print goes where it went before."""

from __future__ import annotations

import logging
import os
import sys
import threading

import pytest

from moduleview.engine.output_capture import OutputCapture
from moduleview.telemetry.records import LogLine


class Log:
    """Where the lines go; says how full it is."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.n_waiting = 0

    def texts(self) -> list[tuple[str, str]]:
        return [(line.stream, line.text) for line in self.lines]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def capture(log: Log) -> OutputCapture:
    return OutputCapture(log.lines.append, lambda: log.n_waiting)


def test_lines_are_kept_with_their_stream(log: Log, capture: OutputCapture) -> None:
    capture.start()
    print("one", 2)
    print("no end yet", end="")
    print("error\nnext", file=sys.stderr)
    sys.stdout.writelines([" and", " now\n", "\n"])
    print("10 %\r20 %\r", end="")
    capture.stop()
    assert log.texts() == [
        ("stdout", "one 2"),
        ("stderr", "error"),
        ("stderr", "next"),
        ("stdout", "no end yet and now"),
        ("stdout", "10 %"),
        ("stdout", "20 %"),
    ]


def test_begun_line_is_said_at_the_end(log: Log, capture: OutputCapture) -> None:
    capture.start()
    print("half", end="")
    capture.stop()
    assert log.texts() == [("stdout", "half")]


def test_other_threads_print_as_before(log: Log, capture: OutputCapture, capsys: pytest.CaptureFixture[str]) -> None:
    capture.start()
    thread = threading.Thread(target=lambda: (print("other"), sys.stdout.flush()))
    thread.start()
    thread.join()
    capture.stop()
    assert not log.lines
    assert capsys.readouterr().out == "other\n"


def test_streams_are_given_back(capture: OutputCapture) -> None:
    before = sys.stdout, sys.stderr
    capture.start()
    assert sys.stdout is not before[0]
    assert sys.stdout.encoding == before[0].encoding
    capture.stop()
    assert (sys.stdout, sys.stderr) == before


def test_captures_that_end_in_another_order_pass_on(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    first = OutputCapture(log.lines.append, lambda: 0)
    second = OutputCapture(log.lines.append, lambda: 0)
    first.start()
    second.start()
    first.stop()
    print("seen by the second")
    second.stop()
    print("by nobody")
    assert log.texts() == [("stdout", "seen by the second")]
    assert capsys.readouterr().out == "by nobody\n"


def test_lines_beyond_the_room_are_counted_and_the_count_is_said(log: Log, capture: OutputCapture) -> None:
    capture.start()
    log.n_waiting = 10_000
    for number in range(1234):
        print(number)
    assert not log.lines
    log.n_waiting = 0
    print("room")
    capture.stop()
    assert log.texts() == [
        ("moduleview", "1,234 printed lines were left out: they came faster than they can be shown."),
        ("stdout", "room"),
    ]


def test_line_without_an_end_does_not_grow_for_ever(log: Log, capture: OutputCapture) -> None:
    capture.start()
    for _ in range(100):
        sys.stdout.write("x" * 1000)
    capture.stop()
    assert all(len(line.text) <= 2000 for line in log.lines)
    assert len(log.lines) >= 30


def test_program_without_a_console_can_print(log: Log, capture: OutputCapture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    capture.start()
    print("heard")
    thread = threading.Thread(target=lambda: (sys.stdout.write("lost"), sys.stdout.flush()))
    thread.start()
    thread.join()
    capture.stop()
    assert log.texts() == [("stdout", "heard")]
    assert sys.stdout is None


def test_logging_comes_through(log: Log, capture: OutputCapture) -> None:
    capture.start()
    logger = logging.getLogger("toy")
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    logger.propagate = False
    logger.warning("careful")
    logger.removeHandler(handler)
    capture.stop()
    assert log.texts() == [("stderr", "careful")]


def test_a_forked_worker_prints_as_before(log: Log, capture: OutputCapture, capfd: pytest.CaptureFixture[str]) -> None:
    """Lines that it would keep for us are lost with it."""
    capture.start()
    child = os.fork()
    if child == 0:
        print("from the worker", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    capture.stop()
    assert not log.lines
    assert capfd.readouterr().out == "from the worker\n"


def test_captures_that_end_in_the_order_they_began_leave_no_chain(log: Log) -> None:
    before = sys.stdout, sys.stderr
    running = OutputCapture(log.lines.append, lambda: 0)
    running.start()
    for _ in range(50):  # the next model is opened before the one before it is let go
        following = OutputCapture(log.lines.append, lambda: 0)
        following.start()
        running.stop()
        running = following
        assert sys.stdout.beneath is before[0]
    running.stop()
    assert (sys.stdout, sys.stderr) == before
