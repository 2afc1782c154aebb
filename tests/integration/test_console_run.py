"""Cells in a real run: between two steps, interrupted at any moment, and never at the cost of a step."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
import torch
from torch import nn

from moduleview.telemetry.changes_messages import ChangeJournaled
from moduleview.telemetry.commands import InterruptCode, Pause, Run, SetBudget, Stop
from moduleview.telemetry.console_messages import (
    CellEnded,
    CellOutcome,
    CellPrinted,
    CellStarted,
    CodeCompleted,
    CompleteCode,
    NamesRebound,
    OutputKind,
    RunCell,
)
from moduleview.telemetry.lab_tensors import TensorTaken
from moduleview.telemetry.records import LogLine, ModelChanged, RunChanged, RunState, StepRecord
from source_records import Taken, opened
from toy_tasks import plain_loop, toy_model, toy_task


class Console:
    """Sends cells to a source, and puts together what they give."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self._numbers = count(1)

    def send(self, code: str, fqn: str | None = None) -> int:
        cell = next(self._numbers)
        self.taken.source.send(RunCell(cell, code, fqn))
        return cell

    def ended(self, cell: int) -> CellEnded:
        record = self.taken.until(lambda record: isinstance(record, CellEnded) and record.cell == cell)
        assert isinstance(record, CellEnded)
        return record

    def begun(self, cell: int) -> None:
        self.taken.until(lambda record: isinstance(record, CellStarted) and record.cell == cell)

    def interrupt(self, cell: int) -> None:
        self.taken.source.send(InterruptCode(cell))

    def run(self, code: str, fqn: str | None = None) -> str:
        """All that a cell gave."""
        cell = self.send(code, fqn)
        self.ended(cell)
        return self.text(cell)

    def text(self, cell: int, *kinds: OutputKind) -> str:
        records = [record for record in self.taken.of_type(CellPrinted) if record.cell == cell]
        parts = [part for record in records for part in record.parts if not kinds or part.kind in kinds]
        return "".join(part.text for part in parts)


@contextmanager
def console(target: object = toy_task, *, runs: bool = False) -> Iterator[Console]:
    with opened(target, run_at_once=runs) as taken:  # type: ignore[arg-type]
        taken.until_state(RunState.READY)
        yield Console(taken)


def test_names_stay_and_are_those_of_the_live_run() -> None:
    with console() as cells:
        assert "Linear(in_features=4, out_features=8" in cells.run("module", fqn="0")
        assert cells.run("module is model.get_submodule('0')", fqn="0") == "True\n"
        assert cells.run("module is None, task.model is model") == "(True, True)\n"
        assert cells.run("x = 20\nx + 1\nx + 2") == "21\n22\n"
        assert cells.run("_ * 2, x") == "(44, 20)\n"
        assert cells.run("for i in range(2): i") == "0\n1\n"


def test_a_selection_that_the_model_has_no_more_is_said_where_a_cell_means_it() -> None:
    with console() as cells:
        cells.run("del model[3]")
        said = cells.run("module.weight", fqn="3")
        assert said.startswith("module is None: the model has no 3 any more.")
        assert "'NoneType' object has no attribute 'weight'" in said
        assert cells.run("1 + 1", fqn="3") == "2\n"


@pytest.mark.parametrize("code", ["del model, task, lab", "globals().clear()"])
def test_names_that_a_cell_deletes_are_there_again_in_the_next_one(code: str) -> None:
    with console() as cells:
        cells.run(code)
        assert cells.run("model is task.model, lab is None") == "(True, False)\n"
        cells.run("model = 5")
        assert cells.run("model") == "5\n"


def test_a_given_name_that_a_cell_took_is_said_with_the_way_back() -> None:
    with console() as cells:
        text = cells.run("model = None")
        assert "model stands for something of your own from now on" in text
        assert "Write del model" in text
        assert cells.run("x = 1") == ""
        cells.run("del model")
        assert cells.run("model is task.model") == "True\n"


def test_a_thread_that_outlives_its_cell_prints_into_the_console_and_not_without_end() -> None:
    code = (
        "import threading\ngo, gone = threading.Event(), threading.Event()\n"
        "def say():\n    go.wait()\n    print('late')\n    for n in range(1000): print(n)\n    gone.set()\n"
        "thread = threading.Thread(target=say, daemon=True); thread.start()"
    )
    with console() as cells:
        cell = cells.send(code)
        cells.ended(cell)
        assert "still run: 1. What they print comes here too" in cells.text(cell)
        assert cells.run("import sys; kept = sys.stdout; print('mine'); go.set(); gone.wait(20)") == "mine\nTrue\n"
        assert cells.text(cell, OutputKind.STDOUT).startswith("late\n0\n1\n")
        assert cells.text(cell, OutputKind.STDOUT).count("\n") == 200
        assert "cut at 200 lines" in cells.text(cell, OutputKind.NOTE)
        before = cells.run("thread.join(); import builtins; builtins")
        assert "late" not in before


def test_what_keeps_a_cells_stdout_prints_into_later_cells_and_the_log() -> None:
    with console() as cells:
        cells.run(
            "import sys\nkept = sys.stdout\nmodel.register_forward_hook(lambda *_: kept.write('ran\\n') and None)"
        )
        assert cells.run("print('to me', file=kept)") == "to me\n"
        cells.taken.source.send(Run(n_steps=1))
        cells.taken.until(lambda record: isinstance(record, LogLine) and record.text == "ran")


def test_a_cell_runs_even_where_another_one_left_the_run_so_that_it_cannot_be_looked_at() -> None:
    with console() as cells:
        text = cells.run("groups = task.optimizer.param_groups; task.optimizer.param_groups = None")
        assert "cannot be told: TypeError: 'NoneType'" in text
        cells.run("task.optimizer.param_groups = groups")
        assert cells.run("1") == "1\n"


@pytest.mark.parametrize(
    ("code", "said"), [("%timeit f()", "timeit.timeit(lambda: f()"), ("await f()", "asyncio.run"), ("!ls", "getoutput")]
)
def test_a_notebooks_line_is_answered_by_what_to_write(code: str, said: str) -> None:
    with console() as cells:
        text = cells.run(code)
        assert "SyntaxError" in text
        assert said in text


def test_a_tensor_goes_from_a_cell_into_the_lab_and_back() -> None:
    with console() as cells:
        assert cells.run("lab.put(model[0].weight, 'first')") == "'first'\n"
        assert cells.taken.of_type(TensorTaken)[-1].tensor.name == "first"
        assert cells.run("import torch\ntorch.equal(lab['first'], model[0].weight)") == "True\n"


def test_kinds_of_text_are_told_apart_and_none_goes_to_the_log() -> None:
    with console() as cells:
        cell = cells.send("import sys\nprint('plain')\nprint('bad', file=sys.stderr)\n7\n1 / 0")
        assert cells.ended(cell).outcome is CellOutcome.RAISED
        assert cells.text(cell, OutputKind.STDOUT) == "plain\n"
        assert cells.text(cell, OutputKind.STDERR) == "bad\n"
        assert cells.text(cell, OutputKind.RESULT) == "7\n"
        assert cells.text(cell, OutputKind.TRACEBACK).endswith("ZeroDivisionError: division by zero\n")
        assert not [line for line in cells.taken.of_type(LogLine) if line.text in ("plain", "bad", "7")]


def test_a_traceback_shows_the_cells_lines_and_none_of_ours() -> None:
    with console() as cells:
        cells.run("def f(x):\n    return model(x)  # here")
        text = cells.run("f(torch.ones(3))") + cells.run("import torch\nf(torch.ones(3))")
    assert "return model(x)  # here" in text
    assert "mat1 and mat2" in text or "size mismatch" in text
    assert "NameError: name 'torch' is not defined" in text
    assert "moduleview" not in text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("(", "was never closed"),
        ("return 1", "'return' outside function"),
        ("exit()", "ends nothing here"),
        ("import sys; sys.exit(3)", "ends nothing here"),
        ("input()", "no keyboard"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class Own(BaseException): pass\nraise Own('x')", "Own: x"),
        ("def f(): f()\nf()", "RecursionError"),
        ("'\\0' + chr(0)\nexec('\\0')", "null byte"),
        ("import torch; torch.set_grad_enabled(False)", "Put back"),
        ("import os; os.chdir('/')", "the working folder"),
    ],
)
def test_training_goes_on_after_whatever_a_cell_does(code: str, said: str) -> None:
    with console(runs=True) as cells:
        cells.taken.until_step(1)
        assert said in cells.run(code)
        step = max(record.step for record in cells.taken.of_type(StepRecord))
        cells.taken.until_step(step + 3)
        assert all(record.failure is None for record in cells.taken.of_type(RunChanged))


def test_a_long_cell_prints_while_it_runs_and_is_bounded() -> None:
    with console() as cells:
        cell = cells.send("n = 0\nwhile True:\n    n += 1\n    print('line', n)")
        cells.taken.until(lambda _: "... cut at 2,000 lines" in cells.text(cell))
        cells.interrupt(cell)
        assert cells.ended(cell).outcome is CellOutcome.INTERRUPTED
        assert cells.text(cell, OutputKind.STDOUT).count("\n") == 2_000
        assert "Left out" in cells.text(cell, OutputKind.NOTE)
        assert len([record for record in cells.taken.of_type(CellPrinted) if record.cell == cell]) < 200


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    pass",
        "class Endless:\n    def __repr__(self):\n        while True: pass\nEndless()",
        "import time\nwhile True:\n    time.sleep(0.01)",  # user code
        "import torch\nx = torch.ones(8, 8)\nwhile True:\n    x = (x @ x).clamp(max=1)",
        "while True:\n    try:\n        while True: pass\n    except Exception:\n        pass",
    ],
)
def test_an_endless_cell_is_interrupted_and_says_where(code: str) -> None:
    with console() as cells:
        cell = cells.send(code)
        cells.begun(cell)
        threading.Event().wait(0.02)
        cells.interrupt(cell)
        assert cells.ended(cell).outcome is CellOutcome.INTERRUPTED
        text = cells.text(cell)
        assert "KeyboardInterrupt: You interrupted it." in text
        assert f'File "<cell {cell}>"' in text
        assert cells.run("1 + 1") == "2\n"


def test_code_that_catches_an_interrupt_takes_the_next_one() -> None:
    code = "n = 0\nwhile n < 2:\n  try:\n    print('waits')\n    while True: pass\n  except BaseException: n += 1"
    with console() as cells:
        cell = cells.send(code + "\nprint('caught', n)")
        for n_before in range(2):
            cells.taken.until(lambda _, n=n_before: cells.text(cell).count("waits") > n)
            cells.interrupt(cell)
        assert cells.ended(cell).outcome is CellOutcome.DONE
        assert "caught 2" in cells.text(cell)


def test_a_call_in_c_ends_before_its_interrupt_comes() -> None:
    with console() as cells:
        cell = cells.send("import time\nprint('now', flush=True)\ntime.sleep(0.5)\nprint('after')")  # user code
        cells.taken.until(lambda _: "now" in cells.text(cell))
        begin_s = time.monotonic()
        cells.interrupt(cell)
        assert cells.ended(cell).outcome is CellOutcome.INTERRUPTED
        assert time.monotonic() - begin_s > 0.2
        assert "after" not in cells.text(cell)


def test_a_cell_that_waits_for_a_step_is_taken_back() -> None:
    class Slow(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            threading.Event().wait(0.3)
            return super().forward(x)

    with console(lambda: toy_task(model=Slow(4, 2))) as cells:
        cells.taken.source.send(Run(n_steps=1))
        cell = cells.send("ran = True")
        cells.interrupt(cell)
        assert cells.ended(cell).outcome is CellOutcome.WITHDRAWN
        assert "NameError" in cells.run("ran")


def test_two_hundred_interrupts_at_random_moments_never_reach_a_step() -> None:
    chance = random.Random(0)
    pause = threading.Event()
    with console(runs=True) as cells:
        cells.taken.source.send(SetBudget(None))
        outcomes = []
        for _ in range(200):
            cell = cells.send(f"n = 0\nwhile n < {chance.randrange(1, 40_000)}: n += 1\nn")
            pause.wait(chance.random() * 0.004)
            cells.interrupt(cell)
            if chance.random() < 0.3:
                cells.interrupt(cell)
            outcomes.append(cells.ended(cell).outcome)
        cells.taken.source.send(Pause())
        state = cells.taken.until_state(RunState.PAUSED)
        assert cells.run("'still here'") == "'still here'\n"
    steps = [record.step for record in cells.taken.of_type(StepRecord)]
    assert steps[-100:] == list(range(state.step))[-100:]  # the first ones had a budget
    assert len(set(steps)) == len(steps)
    assert all(record.failure is None for record in cells.taken.of_type(RunChanged))
    assert {CellOutcome.DONE, CellOutcome.INTERRUPTED} <= set(outcomes)


def test_a_change_of_structure_is_announced_and_stands_in_the_journal() -> None:
    with console() as cells:
        text = cells.run("from torch import nn\nmodel.add_module('extra', nn.Linear(2, 2))")
        changed = cells.taken.of_type(ModelChanged)[-1]
        assert "extra" in changed.snapshot.fqns
        assert "structure" in text
        assert "cannot be taken back" in text
        entry = cells.taken.of_type(ChangeJournaled)[-1]
        assert entry.what.startswith("Console cell 1")
        assert "add_module('extra'" in entry.python


@pytest.mark.parametrize(
    "code",
    [
        "model[0].weight.requires_grad_(False)",
        "import torch\nmodel[0].weight.data = torch.zeros(9, 4)",
        "import torch\nwith torch.no_grad(): model[0].weight.zero_()",
        "model[0].weight.data.zero_()",
        "model.eval()",
        "task.optimizer.param_groups[0]['lr'] = 3.0",
        "h = model[0].register_forward_hook(lambda *a: None)",
    ],
)
def test_every_change_stands_in_the_journal(code: str) -> None:
    with console() as cells:
        cells.run(code)
        assert [entry.python for entry in cells.taken.of_type(ChangeJournaled)] == [code]


def test_a_cell_that_only_looks_leaves_no_entry() -> None:
    with console() as cells:
        cells.run("import torch\nmodel(torch.ones(2, 4)).sum()\nlist(model.named_modules())")
        assert not cells.taken.of_type(ChangeJournaled)


def test_a_new_run_has_its_own_model_and_keeps_a_persons_names() -> None:
    with console(runs=True) as cells:
        cells.taken.until_step(1)
        cells.run("mine = 5\nold = id(model)\nimport weakref; gone = weakref.ref(model)")
        cells.taken.source.send(Stop())
        cells.taken.until_state(RunState.STOPPED)
        cells.taken.source.send(Run())
        assert cells.taken.until_type(NamesRebound).n_kept == 4
        cells.taken.until_step(1)
        assert cells.run("mine, gone() is not model") == "(5, True)\n"


def test_completion_answers_while_training_runs() -> None:
    with console(runs=True) as cells:
        cells.taken.until_step(1)
        cells.taken.source.send(CompleteCode(7, "model[0].wei"))
        answer = cells.taken.until_type(CodeCompleted)
        assert (answer.request, answer.names) == (7, ("weight",))
        cells.taken.source.send(CompleteCode(8, "module.in_f", "0"))
        assert cells.taken.until_type(CodeCompleted).names == ("in_features",)


def test_completion_gives_up_on_an_object_that_does_not_even_say_what_it_is() -> None:
    odd = "class Odd:\n    @property\n    def __class__(self):\n        while True: pass\nodd = Odd()"
    with console() as cells:
        cells.run(odd)
        cells.taken.source.send(CompleteCode(9, "odd."))
        answer = cells.taken.until_type(CodeCompleted)
        assert (answer.request, answer.names) == (9, ())
        assert cells.run("1 + 1") == "2\n"


def test_closing_ends_a_cell_that_never_ends() -> None:
    with opened(toy_task) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(RunCell(1, "while True:\n    try:\n        while True: pass\n    except Exception: pass"))
        taken.until_type(CellStarted)
    assert taken.of_type(CellStarted)


def test_a_forked_child_ends_and_the_cell_goes_on() -> None:
    code = (
        "import os\nchild = os.fork()\nif child == 0: os._exit(7)\nos.waitstatus_to_exitcode(os.waitpid(child, 0)[1])"
    )
    with console() as cells:
        assert cells.run(code).startswith("7\n")


def test_training_without_a_cell_is_bit_for_bit_training_after_one() -> None:
    def model() -> nn.Module:
        return nn.Sequential(*(layer for layer in toy_model() if not isinstance(layer, nn.Dropout)))

    expected = toy_task(model=model())
    plain_loop(expected, 6)
    seen: list[torch.Tensor] = []

    def target() -> object:
        task = toy_task(model=model())
        seen.extend(task.model.parameters())
        return task

    with console(target) as cells:
        for _ in range(3):
            cells.taken.source.send(Run(n_steps=2))
            cells.taken.until_state(RunState.PAUSED)
            cells.run("import torch\nmodel(torch.ones(1, 4)).sum().item()\ntorch.set_grad_enabled(False)")
    assert all(torch.equal(a, b) for a, b in zip(seen, expected.model.parameters(), strict=True))
