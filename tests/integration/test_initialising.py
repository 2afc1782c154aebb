"""New starting values in a run: previewed in pieces while it trains, given at the safe point, taken back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState, TakeBack
from moduleview.telemetry.commands import Run, Stop
from moduleview.telemetry.initialising_messages import (
    FUNCTION,
    Choice,
    InitialisationAnswered,
    Initialise,
    InitialisersListed,
    Part,
    PreviewBegun,
    PreviewEnded,
    PreviewGrew,
    PreviewInitialisation,
    RequestInitialisers,
)
from moduleview.telemetry.records import LogLine, ModelChanged, ModelOpened, RunState, StepRecord
from source_records import Taken, opened
from toy_tasks import toy_batches, toy_model, toy_task

NORMAL = Choice("", "normal_", (("std", 0.3),), seed=3)


class Watched:
    """The task that was made, and its values."""

    def __init__(self, make: Callable[[], TrainingTask] = toy_task) -> None:
        self.tasks: list[TrainingTask] = []
        self._make = make

    def __call__(self) -> TrainingTask:
        self.tasks.append(self._make())
        return self.tasks[-1]

    def values(self) -> list[torch.Tensor]:
        return [parameter.detach().clone() for parameter in self.tasks[-1].model.parameters()]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def stand_still(taken: Taken, n_steps: int = 3) -> None:
    taken.source.send(Run(n_steps))
    taken.until_state(RunState.PAUSED)


def preview_ended(taken: Taken, request: int) -> PreviewEnded:
    """The end of a preview, which may have come already."""
    for record in taken.of_type(PreviewEnded):
        if record.request == request:
            return record
    record = taken.until(lambda record: isinstance(record, PreviewEnded) and record.request == request)
    assert isinstance(record, PreviewEnded)
    return record


def test_initialisers_are_listed_when_asked() -> None:
    with opened(toy_task) as taken:
        taken.source.send(RequestInitialisers())
        names = {one.name for one in taken.until_type(InitialisersListed).initialisers}
    assert {"xavier_uniform_", "orthogonal_", "sparse_", FUNCTION} <= names


def test_preview_says_what_applying_gives_and_undo_brings_the_bits_back() -> None:
    watched = Watched()
    with opened(watched) as taken:
        stand_still(taken)
        before = watched.values()
        taken.source.send(PreviewInitialisation(1, NORMAL))
        end = taken.until_type(PreviewEnded)
        assert same(watched.values(), before)
        assert end.depth_words == "the batch of step 2: 16 × 4 float32, 16 × 2 float32"
        assert [point.fqn for point in end.points] == ["0", "1", "2", "3"]
        assert end.state_words == "exp_avg, exp_avg_sq of 4 parameters"
        stds = {
            change.fqn: change.after.std
            for grown in taken.of_type(PreviewGrew)
            for change in grown.changes
            if change.after
        }
        taken.source.send(Initialise(2, NORMAL))
        answer = taken.until_type(InitialisationAnswered)
        named = dict(watched.tasks[-1].model.named_parameters())
        for fqn, std in stds.items():
            assert abs(float(named[fqn].detach().std(correction=0)) - std) < 1e-6
        assert answer.kept_bytes == sum(tensor.numel() * 4 for tensor in before)
        taken.source.send(TakeBack(answer.entry))
        taken.until(lambda record: isinstance(record, ChangeJournaled) and record.state is EntryState.TAKEN_BACK)
        assert same(watched.values(), before)


def test_run_that_is_previewed_trains_to_the_same_bits_as_one_that_is_not() -> None:
    finals = []
    for looks in (True, False):
        watched = Watched()
        with opened(watched) as taken:
            taken.until_state(RunState.READY)  # before, the model's own making seeds the same generator
            torch.manual_seed(5)
            if looks:
                taken.source.send(PreviewInitialisation(1, NORMAL))
                taken.source.send(PreviewInitialisation(2, Choice("", "reset_parameters")))
            stand_still(taken, 6)
            if looks:
                preview_ended(taken, 2)
                taken.source.send(PreviewInitialisation(3, NORMAL))
                preview_ended(taken, 3)
            stand_still(taken, 6)
            finals.append(watched.values())
    assert same(*finals)


def test_preview_goes_on_while_the_run_trains() -> None:
    with opened(lambda: toy_task(model=nn.Sequential(*(nn.Linear(4, 4) for _ in range(40)), nn.Linear(4, 2)))) as taken:
        taken.source.send(Run())
        taken.until_step(2)
        taken.source.send(PreviewInitialisation(1, NORMAL))
        end = taken.until_type(PreviewEnded)
        taken.until_step(taken.of_type(PreviewBegun)[0].step + 2)
    assert len({change.fqn for grown in taken.of_type(PreviewGrew) for change in grown.changes}) == 82
    assert not end.undo_refusal


def test_later_request_ends_an_earlier_one() -> None:
    with opened(toy_task) as taken:
        for request in range(1, 4):
            taken.source.send(PreviewInitialisation(request, NORMAL))
        assert not preview_ended(taken, 3).undo_refusal


def test_before_any_step_the_depth_says_to_make_one() -> None:
    with opened(toy_task) as taken:
        taken.source.send(PreviewInitialisation(1, NORMAL))
        end = taken.until_type(PreviewEnded)
    assert end.depth_words == "There is no batch yet: make one step first."
    assert not end.points


def test_task_with_a_step_of_its_own_is_looked_at_in_its_next_step() -> None:
    def make() -> TrainingTask:
        model = toy_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        inputs, target = toy_batches(1)[0]

        def step() -> torch.Tensor:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(inputs), target)
            torch.autograd.backward(loss)
            optimizer.step()
            return loss

        return TrainingTask(model, step=step)

    watched = Watched(make)
    with opened(watched) as taken:
        taken.source.send(PreviewInitialisation(1, NORMAL))
        assert "makes its own steps" in taken.until_type(PreviewEnded).depth_words
        stand_still(taken, 1)
        assert not watched.tasks[-1].model._forward_pre_hooks
        taken.source.send(PreviewInitialisation(2, NORMAL))
        end = taken.until_type(PreviewEnded)
    assert end.depth_words == "the model's first call in a step: 16 × 4 float32"
    assert len(end.points) == 4


def is_printed(record: object) -> bool:
    return isinstance(record, LogLine) and record.text == "at Tanh"


def test_what_a_function_prints_is_in_the_log_and_what_it_raises_at_its_row() -> None:
    source = "def init(module):\n    print('at', type(module).__name__)\n    nn.init.ones_(module.weight)\n"
    with opened(toy_task) as taken:
        taken.source.send(PreviewInitialisation(1, Choice("", FUNCTION, source=source)))
        end = taken.until_type(PreviewEnded)
        taken.source.send(Initialise(2, Choice("", FUNCTION, source=source)))
        answer = taken.until_type(InitialisationAnswered)
        if not any(is_printed(record) for record in taken.records):
            taken.until(is_printed)
    notes = {visit.fqn: visit.note for grown in taken.of_type(PreviewGrew) for visit in grown.visits}
    assert notes["1"].startswith("raised AttributeError in line 3")
    assert end.undo_refusal.startswith("It raised or did not end at 3 modules")
    assert answer.entry == 0
    assert "Nothing was changed" in answer.refusal


def test_model_that_changes_under_a_preview_ends_it_with_a_sentence() -> None:
    go_on = threading.Event()

    def make() -> TrainingTask:
        task = toy_task()
        loss = nn.functional.mse_loss

        def changing(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            if go_on.is_set():
                task.model[3] = nn.Linear(8, 2)
            return loss(outputs, target)

        task.loss = changing
        return task

    with opened(make) as taken:
        taken.source.send(Run())
        taken.until_step(1)
        go_on.set()
        taken.source.send(PreviewInitialisation(1, NORMAL))
        taken.until_type(PreviewEnded)
        go_on.clear()
        taken.source.send(PreviewInitialisation(2, NORMAL))
        assert not preview_ended(taken, 2).undo_refusal


def test_what_stands_is_given_to_the_model_of_the_next_run() -> None:
    watched = Watched()
    with opened(watched) as taken:
        taken.source.send(Initialise(1, Choice("0", "ones_")))
        taken.until_type(InitialisationAnswered)
        stand_still(taken, 2)
        taken.source.send(Stop())
        taken.until_state(RunState.STOPPED)
        taken.source.send(Run(1))
        taken.until_type(ModelOpened)
        taken.until_type(InitialisationAnswered)
        taken.until_state(RunState.PAUSED)
    assert len(watched.tasks) == 2
    assert abs(float(watched.tasks[1].model[0].bias.detach().mean()) - 1) < 0.1


def test_gains_that_no_preview_showed_are_looked_for_in_pieces_and_changes_keep_their_order() -> None:
    def make() -> TrainingTask:
        layers = [layer for _ in range(30) for layer in (nn.Linear(4, 4), nn.Tanh())]
        return toy_task(model=nn.Sequential(*layers, nn.Linear(4, 2)))

    watched = Watched(make)
    with opened(watched) as taken:
        taken.source.send(Run())
        taken.until_step(1)
        gained = Choice("", "xavier_normal_", part=Part.WEIGHTS, takes_gain_from_activation=True)
        taken.source.send(Initialise(1, gained))
        taken.source.send(Initialise(2, Choice("60", "ones_")))
        first = taken.until_type(InitialisationAnswered)
        second = taken.until_type(InitialisationAnswered)
        python = next(r.python for r in taken.of_type(ChangeJournaled) if r.entry == first.entry)
    assert (first.request, second.request) == (1, 2)
    assert "{'gain': 1.6666666666666667}" in python.replace("5 / 3", "1.6666666666666667")


def test_gains_are_those_of_the_first_run_when_the_run_begins_anew() -> None:
    with opened(toy_task) as taken:
        stand_still(taken, 2)
        taken.source.send(Initialise(1, Choice("", "orthogonal_", part=Part.WEIGHTS, takes_gain_from_activation=True)))
        taken.until_type(InitialisationAnswered)
        taken.source.send(Stop())
        taken.until_state(RunState.STOPPED)
        taken.source.send(Run(1))
        taken.until_type(InitialisationAnswered)
    of_runs = [r.python for r in taken.of_type(ChangeJournaled) if "orthogonal_" in r.python]
    assert of_runs[0] == of_runs[-1]
    assert len(of_runs) >= 2


def test_settings_that_a_function_leaves_behind_in_its_thread_are_put_back() -> None:
    seen: list[object] = []

    def make() -> TrainingTask:
        task = toy_task()

        def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            seen.append((torch.get_default_dtype(), torch.is_grad_enabled()))
            return nn.functional.mse_loss(outputs, target)

        task.loss = loss
        return task

    source = (
        "def init(m):\n    torch.set_default_dtype(torch.float64)\n    torch.set_grad_enabled(False)\n    m.eval()\n"
    )
    with opened(make) as taken:
        taken.source.send(PreviewInitialisation(1, Choice("", FUNCTION, source=source)))
        preview_ended(taken, 1)
        taken.source.send(Initialise(2, Choice("", FUNCTION, source=source)))
        assert taken.until_type(InitialisationAnswered).entry
        stand_still(taken, 2)
    assert set(seen) == {(torch.float32, True)}


def test_function_that_registers_a_parametrization_is_followed_and_taken_back_while_it_trains() -> None:
    source = "def init(m):\n    if isinstance(m, nn.Linear):\n        nn.utils.parametrizations.weight_norm(m)\n"
    watched = Watched()
    with opened(watched) as taken:
        taken.source.send(Run())
        taken.until_step(2)
        names = list(watched.tasks[-1].model.state_dict())
        taken.source.send(Initialise(1, Choice("", FUNCTION, source=source)))
        answer = taken.until_type(InitialisationAnswered)
        taken.until(lambda record: isinstance(record, ModelChanged) and "0.parametrizations" in record.snapshot.fqns)
        taken.until_step(taken.of_type(StepRecord)[-1].step + 3)
        taken.source.send(TakeBack(answer.entry))
        taken.until(
            lambda record: isinstance(record, ModelChanged) and "0.parametrizations" not in record.snapshot.fqns
        )
        taken.until_step(taken.of_type(StepRecord)[-1].step + 3)
    assert list(watched.tasks[-1].model.state_dict()) == names
