"""Text of a cell: few records, in order, and never more than a bound."""

import sys
import threading

import pytest

from moduleview.engine.console_output import CellOutput, OutputLimits
from moduleview.engine.console_streams import CellStreams
from moduleview.telemetry.console_messages import OutputKind


class Sent:
    """Records that a cell's output put, and the text in them."""

    def __init__(self):
        self.records = []

    def text(self, kind=OutputKind.STDOUT):
        return "".join(part.text for record in self.records for part in record.parts if part.kind is kind)


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def made(sent):
    outputs = []

    def make(**limits):
        outputs.append(CellOutput(1, sent.records.append, OutputLimits(**limits)))
        outputs[-1].begin()
        return outputs[-1]

    yield make
    for output in outputs:
        output.end()


def test_text_comes_in_order_and_kinds_stay_apart(made, sent):
    output = made()
    output.write(OutputKind.STDOUT, "one ")
    output.write(OutputKind.STDOUT, "two\n")
    output.write(OutputKind.STDERR, "bad\n")
    output.write(OutputKind.STDOUT, "three\n")
    output.end()
    parts = [(part.kind, part.text) for record in sent.records for part in record.parts]
    assert parts == [
        (OutputKind.STDOUT, "one two\n"),
        (OutputKind.STDERR, "bad\n"),
        (OutputKind.STDOUT, "three\n"),
    ]


def test_a_hundred_thousand_lines_are_cut_and_the_rest_is_counted(made, sent):
    output = made(n_lines=100)
    for number in range(100_000):
        output.write(OutputKind.STDOUT, f"{number}\n")
    output.end()
    assert sent.text().count("\n") == 100
    assert "cut at 100 lines" in sent.text(OutputKind.NOTE)
    assert "99,900 lines" in sent.text(OutputKind.NOTE)
    assert len(sent.records) < 60


def test_one_enormous_text_is_cut_at_its_characters(made, sent):
    output = made(n_characters=1_000, line_length=10_000)
    output.write(OutputKind.STDOUT, "x" * 10_000_000)
    output.end()
    assert len(sent.text()) == 1_000
    assert "cut at 1,000 characters" in sent.text(OutputKind.NOTE)


def test_a_line_without_an_end_is_broken(made, sent):
    output = made(line_length=10)
    for _ in range(4):
        output.write(OutputKind.STDOUT, "abcdefg")
    output.end()
    assert sent.text().split("\n") == ["abcdefgabc", "defgabcdef", "gabcdefg"]


def test_a_progress_bar_is_sent_as_it_looks_and_costs_nothing(made, sent):
    output = made(n_characters=100)
    for percent in range(1000):
        output.write(OutputKind.STDERR, f"\r{percent}%")
    output.write(OutputKind.STDERR, "\n")
    output.end()
    assert sent.text(OutputKind.STDERR).endswith("\r999%\n")
    assert "cut" not in sent.text(OutputKind.NOTE)


def test_what_is_printed_is_sent_while_the_cell_still_runs(sent, made):
    came = threading.Event()
    output = CellOutput(1, lambda record: (sent.records.append(record), came.set()))
    output.begin()
    output.write(OutputKind.STDOUT, "now\n")
    assert came.wait(5)
    assert sent.text() == "now\n"
    output.end()


def test_prints_of_threads_that_were_there_before_go_elsewhere(made, sent, capsys):
    output, may_print, was_printed = made(), threading.Event(), threading.Event()

    def wait_and_print():
        may_print.wait(5)
        print("of another")
        was_printed.set()

    other = threading.Thread(target=wait_and_print)
    other.start()
    with CellStreams().of_cell(output, lambda value: None, dict):
        may_print.set()
        assert was_printed.wait(5)
        own = threading.Thread(target=lambda: print("of the cell's thread"))
        own.start()
        own.join()
    other.join()
    output.end()
    assert sent.text() == "of the cell's thread\n"
    assert capsys.readouterr().out == "of another\n"


def test_input_and_breakpoint_say_that_there_is_no_keyboard(made):
    with CellStreams().of_cell(made(), lambda value: None, dict):
        with pytest.raises(EOFError, match="no keyboard"):
            input("? ")
        with pytest.raises(EOFError, match="no keyboard"):
            sys.breakpointhook()  # noqa: T100
