"""What goes wrong in a person's own code or data stops the run with a sentence, and running again is possible."""

from __future__ import annotations

import gc
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from moduleview import TrainingTask
from moduleview.telemetry.commands import Run, SetDevice, SetTrainingData
from moduleview.telemetry.records import FailureReport, ModelOpened, OpenFailed, RunChanged, RunState, StepRecord
from source_records import opened
from toy_tasks import toy_batches, toy_model, toy_task


def failure_of(make: Callable[[], object]) -> FailureReport:
    with opened(make, run_at_once=True) as taken:
        return taken.failure()


class RaisingOnce(nn.Module):
    """Raises in one forward pass, and only then."""

    def __init__(self, error: BaseException, at_call: int = 2) -> None:
        super().__init__()
        self.net = toy_model()
        self.error, self.at_call, self.n_calls = error, at_call, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.n_calls += 1
        if self.n_calls == self.at_call + 1:
            raise self.error
        return self.net(x)


def raising(error: BaseException) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        raise error

    return call


class RaisingOptimizer(torch.optim.SGD):
    def step(self, closure: object = None) -> None:
        raise ValueError("bad day")


def raising_batches() -> Iterator[Any]:
    yield from toy_batches(2)
    raise OSError("disk gone")


class RaisingBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        raise ValueError("no way back")


def loss_that_fails_backward(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return RaisingBackward.apply(outputs).sum()


def task_with_raising_optimizer() -> TrainingTask:
    model = toy_model()
    return toy_task(model=model, optimizer=RaisingOptimizer(model.parameters(), lr=0.1))


@pytest.mark.parametrize(
    ("make", "title"),
    [
        (lambda: toy_task(model=RaisingOnce(ValueError("odd"))), "The forward pass raised ValueError: odd."),
        (lambda: toy_task(loss=raising(KeyError("y"))), "The loss raised KeyError: 'y'."),
        (lambda: toy_task(loss=loss_that_fails_backward), "The backward pass raised ValueError: no way back."),
        (task_with_raising_optimizer, "The optimizer step raised ValueError: bad day."),
        (lambda: toy_task(raising_batches()), "Taking the next batch raised OSError: disk gone."),
        (
            lambda: TrainingTask(toy_model(), step=raising(ZeroDivisionError("zero"))),
            "The training step raised ZeroDivisionError: zero.",
        ),
    ],
)
def test_failure_names_the_place_and_shows_the_users_frames(make: Callable[[], object], title: str) -> None:
    failure = failure_of(make)
    assert failure.title == title
    assert failure.advice
    assert failure.is_users
    assert "test_training_failures.py" in failure.traceback
    assert "moduleview/engine" not in failure.traceback


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_run_tries_again_after_a_failure_with_the_step_that_failed(error: BaseException) -> None:
    with opened(lambda: toy_task(model=RaisingOnce(error)), run_at_once=True) as taken:
        failed = taken.until_state(RunState.FAILED)
        assert failed.step == 2
        assert failed.failure is not None
        assert "forward pass" in failed.failure.title
        taken.source.send(Run(n_steps=3))
        assert taken.until_state(RunState.PAUSED).step == 5
    assert [record.step for record in taken.of_type(StepRecord)] == [0, 1, 2, 3, 4]


def test_exit_in_the_users_code_is_reported_with_its_code() -> None:
    failure = failure_of(lambda: toy_task(loss=lambda outputs, target: sys.exit(7)))
    assert failure.title == "The loss asked Python to exit (7)."


def test_nothing_of_a_failed_step_is_kept() -> None:
    """An exception kept for display would keep the step's tensors, and out of memory would stay out of memory."""
    seen: list[weakref.ref[torch.Tensor]] = []

    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        seen.append(weakref.ref(outputs))
        raise ValueError(outputs)

    gc.disable()  # as it is while a window trains
    try:
        with opened(lambda: toy_task(loss=loss), run_at_once=True) as taken:
            taken.until_state(RunState.FAILED)
            assert seen
            assert seen[0]() is None
    finally:
        gc.enable()


def test_out_of_memory_says_so_lets_go_of_the_gradients_and_can_be_tried_again() -> None:
    made: list[TrainingTask] = []
    sizes = iter([False, True])

    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if next(sizes, False):
            torch.empty(2**60, dtype=torch.uint8)
        return nn.functional.mse_loss(outputs, target)

    def make() -> TrainingTask:
        made.append(toy_task(loss=loss))
        return made[-1]

    with opened(make, run_at_once=True) as taken:
        failed = taken.until_state(RunState.FAILED)
        assert failed.failure is not None
        assert failed.failure.title == "The loss ran out of memory."
        assert "smaller" in failed.failure.advice
        assert "16 × 4 float32" in failed.failure.advice
        assert all(param.grad is None for param in made[0].model.parameters())
        taken.source.send(Run(n_steps=1))
        assert taken.until_state(RunState.PAUSED).step == 2


def one(value: Any) -> Callable[[], object]:
    return lambda: toy_task([value])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: toy_task([]), ("yield nothing", "at least one batch")),
        (lambda: toy_task(iter(())), ("yield nothing", "at least one batch")),
        (one(torch.zeros(4, 4)), ("Tensor", "(inputs, target)")),
        (one((1, 2, 3)), ("a tuple of 3", "(inputs, target)")),
        (lambda: toy_task(loss=lambda outputs, target: outputs - target), ("16 × 2", ".mean()")),
        (lambda: toy_task(loss=lambda outputs, target: 1.0), ("of type float", "tensor of one element")),
        (lambda: toy_task(loss=lambda outputs, target: None), ("is None", "tensor of one element")),
        (lambda: toy_task(loss=lambda outputs, target: outputs.mean().detach()), ("no gradient", ".detach()")),
        (lambda: toy_task(loss=None), ("no loss", "Give loss=")),
        (lambda: toy_task(loss=None, optimizer=None), ("no optimizer", "Give it one")),
        (lambda: TrainingTask(toy_model(), step=lambda: None), ("returned nothing", "its loss")),
        (lambda: TrainingTask(toy_model(), step=lambda: torch.zeros(3)), ("shape 3", "one number")),
        (lambda: TrainingTask(toy_model(), step=lambda: "low"), ("a str", "its loss")),
        (
            lambda: toy_task(optimizer=torch.optim.LBFGS(toy_model().parameters())),
            ("LBFGS", "closure"),
        ),
    ],
)
def test_task_that_cannot_train_says_what_is_wrong_and_what_to_do(
    make: Callable[[], object], words: tuple[str, str]
) -> None:
    failure = failure_of(make)
    assert words[0] in failure.title
    assert words[1] in failure.advice
    assert not failure.traceback


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimizer": "sgd"}, "optimizer is of type str"),
        ({"optimizer": torch.optim.SGD}, "the class SGD"),
        ({"batches": 7}, "batches are of type int"),
        ({"batches": toy_batches}, "are a function"),
        ({"loss": 3}, "loss is of type int"),
        ({"step": lambda: 1.0}, "a loss and a step"),
        ({"model": "net"}, "model is of type str"),
    ],
)
def test_task_with_a_wrong_part_is_not_opened(changes: dict[str, Any], words: str) -> None:
    def make() -> TrainingTask:
        parts = {"model": toy_model(), "loss": nn.functional.mse_loss, "batches": toy_batches()} | changes
        return TrainingTask(**parts)

    with opened(make) as taken:
        failed = taken.until_type(OpenFailed)
        assert words in failed.failure.title
        assert failed.failure.advice


def test_target_that_makes_something_else_is_not_opened() -> None:
    with opened(lambda: 3) as taken:
        assert "int" in taken.until_type(OpenFailed).failure.title


def test_failure_to_open_says_whether_another_target_may_mend_it() -> None:
    with opened("no_such_module_at_all:Net") as taken:
        assert taken.until_type(OpenFailed).is_about_target
    with opened(toy_task, device="bananas") as taken:
        failed = taken.until_type(OpenFailed)
    assert "bananas" in failed.failure.title
    assert not failed.is_about_target


def test_target_whose_code_raises_is_not_opened_and_shows_where() -> None:
    with opened(raising(RuntimeError("no weights"))) as taken:
        failed = taken.until_type(OpenFailed)
    assert "no weights" in failed.failure.title
    assert "test_training_failures.py" in failed.failure.traceback


def test_iterator_that_ends_finishes_the_run_with_a_sentence() -> None:
    with opened(lambda: toy_task(iter(toy_batches(3))), run_at_once=True) as taken:
        finished = taken.until_state(RunState.FINISHED)
        assert finished.step == 3
        assert finished.failure is not None
        assert "3 steps" in finished.failure.title
        taken.source.send(Run(n_steps=2))  # begins anew
        taken.until_type(ModelOpened)
        assert taken.until_state(RunState.PAUSED).step == 2


def test_list_of_batches_is_gone_through_again_and_again() -> None:
    with opened(lambda: toy_task(toy_batches(2))) as taken:
        taken.source.send(Run(n_steps=7))
        assert taken.until_state(RunState.PAUSED).step == 7


def test_device_that_is_not_there_is_refused_and_the_run_goes_on() -> None:
    with opened(toy_task, run_at_once=True) as taken:
        taken.until_step(1)
        taken.source.send(SetDevice("cuda:99"))
        refused = taken.until(lambda record: isinstance(record, RunChanged) and record.failure is not None)
        assert isinstance(refused, RunChanged)
        assert refused.state is RunState.RUNNING
        assert refused.failure is not None
        assert "'cuda:99'" in refused.failure.title
        assert "cpu" in refused.failure.advice
        taken.until_step(refused.step + 2)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (SetTrainingData(()), "no input shape"),
        (SetTrainingData(((8, 0),)), "8 × 0"),
        (SetTrainingData(((2**20, 2**20),)), "2 GiB"),
        (SetTrainingData(((8, 4),), dtype="float3"), "'float3'"),
        (SetTrainingData(((8, 4),), loss="__import__"), "'__import__'"),
        (SetTrainingData(((8, 4),), n_classes=0), "classes"),
        (SetTrainingData(((8, 4),), learning_rate=float("nan")), "learning rate"),
        (SetTrainingData(((8, 4),), learning_rate=float("inf")), "learning rate"),
    ],
)
def test_training_data_that_cannot_be_are_refused(command: SetTrainingData, words: str) -> None:
    with opened(toy_model) as taken:
        taken.source.send(command)
        failure = taken.failure()
    assert words in failure.title
    assert failure.advice


def test_input_shapes_that_do_not_fit_are_said_and_can_be_changed() -> None:
    with opened(toy_model) as taken:
        taken.source.send(SetTrainingData(((8, 5),)))
        taken.source.send(Run())
        failure = taken.failure()
        assert "forward pass" in failure.title
        assert failure.advice.startswith("Change the input shapes in Model > Training data...")
        assert "8 × 5 float32" in failure.advice
        taken.source.send(SetTrainingData(((8, 4),)))
        taken.source.send(Run(n_steps=2))
        assert taken.until_state(RunState.PAUSED).step == 2


def test_random_batches_of_a_type_that_does_not_fit_name_the_menu_entry_too() -> None:
    with opened(lambda: nn.Embedding(3, 2)) as taken:
        taken.source.send(SetTrainingData(((8, 5),)))
        taken.source.send(Run())
        assert "Model > Training data..." in taken.failure().advice


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (nn.Linear(4, 2), (3, 5)),
        (nn.Conv2d(3, 4, 3), (2, 1, 8, 8)),
        (nn.BatchNorm1d(4), (3, 5)),
        (nn.BatchNorm2d(4), (3, 5)),
        (nn.LSTM(4, 3), (3, 5)),
        (nn.TransformerEncoderLayer(4, 2), (3, 5)),
        (nn.Softmax(3), (3, 5)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_batches_of_the_users_whose_shapes_do_not_fit_are_said_to_be_looked_at(
    model: nn.Module, shape: tuple[int, ...]
) -> None:
    whole = nn.Sequential(model, nn.Linear(1, 1))
    failure = failure_of(lambda: toy_task([(torch.ones(shape), torch.ones(1))], model=whole))
    assert failure.advice.startswith("Compare the shapes of the batch with those that the model takes")


def test_model_without_parameters_cannot_be_given_training_data() -> None:
    with opened(nn.ReLU) as taken:
        taken.source.send(SetTrainingData(((8, 4),)))
        assert "no parameters" in taken.failure().title


class _RaisingDataset(Dataset[Any]):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        raise self.error


class _TwoWordError(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one, two)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "KeyError in DataLoader worker process 0: 'x'"),
        (ValueError("two\nlines"), "ValueError in DataLoader worker process 0: two"),
        (ValueError(), "ValueError in DataLoader worker process 0"),
        (_TwoWordError("a", "b"), "_TwoWordError in DataLoader worker process 0: ('a', 'b')"),
    ],
)
def test_failure_in_a_worker_of_a_data_loader_says_what_was_raised_there(error: Exception, words: str) -> None:
    failure = failure_of(lambda: toy_task(DataLoader(_RaisingDataset(error), num_workers=1)))
    assert failure.title == f"Taking the next batch raised {words}."


@pytest.mark.filterwarnings("ignore:odd")
def test_warnings_of_the_users_code_do_not_stop_it() -> None:
    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        warnings.warn("odd", stacklevel=1)
        return nn.functional.mse_loss(outputs, target)

    with opened(lambda: toy_task(loss=loss)) as taken:
        taken.source.send(Run(n_steps=2))
        assert taken.until_state(RunState.PAUSED).step == 2


class _StubbornOptimizer(torch.optim.SGD):
    def zero_grad(self, set_to_none: bool = True) -> None:
        raise ValueError("never")


class _OddError(RuntimeError):
    def __str__(self) -> str:
        raise ValueError("no words")


class _OddBatch(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise ZeroDivisionError

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError

    def __len__(self) -> int:
        return 1


def _with_stubborn_optimizer() -> TrainingTask:
    model = toy_model()
    return toy_task(model=model, optimizer=_StubbornOptimizer(model.parameters()))


@pytest.mark.parametrize(
    ("make", "title"),
    [
        (_with_stubborn_optimizer, "The optimizer step raised ValueError: never."),
        (lambda: toy_task(loss=raising(_OddError())), "The loss raised _OddError."),
        (lambda: toy_task([_OddBatch()]), "The forward pass raised ZeroDivisionError."),
    ],
)
def test_what_fails_again_while_the_failure_is_told_does_not_end_the_thread(
    make: Callable[[], object], title: str
) -> None:
    with opened(make, run_at_once=True) as taken:
        for _ in range(2):
            failure = taken.until_state(RunState.FAILED).failure
            assert failure is not None
            assert failure.title == title
            taken.source.send(Run())


def test_device_that_failed_for_good_does_not_end_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an assert in a CUDA kernel every call raises, that which gives memory back too."""

    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        error = RuntimeError("CUDA error: device-side assert triggered")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "empty_cache", raising(error))
        raise error

    assert "device-side assert" in failure_of(lambda: toy_task(loss=loss)).title


def test_causes_of_a_failure_are_let_go_too() -> None:
    seen: list[weakref.ref[torch.Tensor]] = []

    def fail_again(outputs: torch.Tensor) -> None:
        try:
            kept = outputs * 2
            seen.append(weakref.ref(kept))
            raise KeyError(1)
        except KeyError as error:
            cycle = error  # the frame holds the exception and the exception the frame
            raise ValueError(len(cycle.args)) from None

    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        try:
            fail_again(outputs)
        except ValueError as error:
            raise ExceptionGroup("several", [error]) from OSError("the cause")
        return outputs.sum()

    gc.disable()  # as it is while a window trains
    try:
        with opened(lambda: toy_task(loss=loss), run_at_once=True) as taken:
            taken.until_state(RunState.FAILED)
            assert seen
            assert seen[0]() is None
    finally:
        gc.enable()
