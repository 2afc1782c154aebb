"""Live tensors are frozen at the safe point: what is taken, what is refused, and that the run does not notice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from open_run import OpenRun, open_run
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.services import tensor_lab
from moduleview.hooks.tensor_capture import TensorCapture
from moduleview.lab.copying import PiecewiseCopy, TornCopyError
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.lab_messages import LabCommand
from moduleview.telemetry.lab_pipelines import OperationsListed, RequestOperations
from moduleview.telemetry.lab_tensors import (
    CancelLab,
    LabMemory,
    LabRefused,
    ListTensors,
    TakeTensor,
    TensorAwaited,
    TensorKind,
    TensorTaken,
)
from toy_tasks import plain_loop, toy_batches, toy_task


def frozen(run: OpenRun, request: int) -> torch.Tensor:
    (taken,) = [record for record in run.said(TensorTaken) if record.request == request]
    found = run.opened.shelf.get(taken.tensor.tensor_id)
    assert found is not None
    return found.tensor


def _capturing() -> list[Any]:
    hooks = torch.nn.modules.module._global_forward_hooks.values()
    return [hook for hook in hooks if isinstance(getattr(hook, "__self__", None), TensorCapture)]


def refusal(run: OpenRun, request: int) -> str:
    (refused,) = [record for record in run.said(LabRefused) if record.request == request]
    return refused.reason


def test_a_parameter_a_buffer_and_a_gradient_are_copied_as_they_are() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    with open_run(lambda: toy_task(model=model)) as run:
        run.steps(2)
        run.ask(
            TakeTensor(1, TensorKind.PARAMETER, "0.weight"),
            TakeTensor(2, TensorKind.BUFFER, "1.running_mean"),
            TakeTensor(3, TensorKind.GRADIENT, "2.bias"),
        )
        before = model[0].weight.detach().clone()
        about = run.said(TensorTaken)[0].tensor
        run.steps(1)
        assert torch.equal(frozen(run, 1), before)
        assert not torch.equal(frozen(run, 1), model[0].weight)
        assert frozen(run, 2).shape == (8,)
        assert frozen(run, 3).shape == (2,)
    assert (about.name, about.step, about.shape, about.dtype) == ("0.weight@2", 2, (8, 4), "float32")
    assert (about.strides, about.device, about.n_bytes, about.requires_grad) == ((4, 1), "cpu", 128, True)
    assert run.last(LabMemory).n_tensors == 3
    assert run.last(LabMemory).n_bytes == 128 + 32 + 8


def test_the_last_batch_is_there_after_a_step() -> None:
    with open_run(toy_task) as run:
        run.ask(TakeTensor(1, TensorKind.INPUT))
        run.steps(1)
        run.ask(
            TakeTensor(2, TensorKind.INPUT),
            TakeTensor(3, TensorKind.TARGET),
            TakeTensor(4, TensorKind.INPUT, part="[9]"),
        )
        assert "Make a step and ask again" in refusal(run, 1)
        assert torch.equal(frozen(run, 2), toy_batches()[0][0])
        assert torch.equal(frozen(run, 3), toy_batches()[0][1])
        assert "has no input [9]: it has the first" in refusal(run, 4)


def test_activations_and_their_gradients_come_with_the_next_step() -> None:
    seen: dict[str, torch.Tensor] = {}

    class Seen(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hidden = self[0](x)
            seen["hidden"] = hidden
            hidden.retain_grad()
            return self[1](torch.relu(hidden))

    with open_run(lambda: toy_task(model=Seen(nn.Linear(4, 8), nn.Linear(8, 2)))) as run:
        run.ask(TakeTensor(1, TensorKind.ACTIVATION, "0"), TakeTensor(2, TensorKind.OUTPUT_GRADIENT, "0"))
        assert "next step" in run.last(TensorAwaited).sentence
        assert not run.said(TensorTaken)
        run.steps(1)
        assert torch.equal(frozen(run, 1), seen["hidden"].detach())
        assert seen["hidden"].grad is not None
        assert torch.equal(frozen(run, 2), seen["hidden"].grad)
        run.steps(1)
        assert len(run.said(TensorTaken)) == 2


class Odd(nn.Module):
    """Called twice, gives a dict, and has a child that is not called."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.unused = nn.Linear(4, 4), nn.Linear(4, 4)
        self.out = _Dict()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.twice(self.twice(x)))["y"][:, :2]


class _Dict(nn.Module):
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"mask": (x > 0).detach(), "y": x * 2}


def test_parts_and_calls_are_found_and_what_is_missing_has_a_reason() -> None:
    with open_run(lambda: toy_task(model=Odd())) as run:
        run.ask(
            TakeTensor(1, TensorKind.ACTIVATION, "out", part="['y']"),
            TakeTensor(2, TensorKind.ACTIVATION, "twice", call=1),
            TakeTensor(3, TensorKind.ACTIVATION, "unused"),
            TakeTensor(4, TensorKind.ACTIVATION, "twice", call=5),
            TakeTensor(5, TensorKind.OUTPUT_GRADIENT, "out"),
            TakeTensor(6, TensorKind.ACTIVATION, "out", part="['z']"),
            TakeTensor(7, TensorKind.ACTIVATION, "nowhere"),
            TakeTensor(8, TensorKind.OUTPUT_GRADIENT, "out", part="['y']"),
            TakeTensor(9, TensorKind.PARAMETER, "nowhere.weight"),
        )
        run.steps(1)
        assert torch.equal(frozen(run, 1), frozen(run, 2) * 2)
        assert "was not called in the step" in refusal(run, 3)
        assert "called 2 times in the step, and call 6" in refusal(run, 4)
        assert "needs no gradient" in refusal(run, 5)
        assert "has no ['z']; it has the first, ['y']" in refusal(run, 6)
        assert "no module called nowhere" in refusal(run, 7)
        assert frozen(run, 8).shape == (16, 4)
        assert "no parameter or buffer called nowhere.weight" in refusal(run, 9)
        names = [taken.tensor.name for taken in run.said(TensorTaken)]
        assert "twice output call 2@1" in names


def test_the_run_is_the_same_with_and_without_the_lab_and_no_hook_is_left() -> None:
    torch.manual_seed(0)
    plain = toy_task()
    with open_run(toy_task) as run:
        state, rng = copy.deepcopy(plain.model.state_dict()), torch.get_rng_state()
        run.task.model.load_state_dict(state)
        for step in range(4):
            run.ask(
                TakeTensor(step, TensorKind.ACTIVATION, "0"),
                TakeTensor(step, TensorKind.OUTPUT_GRADIENT, "1"),
                TakeTensor(step, TensorKind.PARAMETER, "3.weight"),
            )
            run.steps(1)
        assert not torch.nn.modules.module._global_forward_hooks
        torch.set_rng_state(rng)
        plain.model.load_state_dict(state)
        plain_loop(plain, 4)
        for name, tensor in plain.model.state_dict().items():
            assert torch.equal(tensor, run.task.model.state_dict()[name]), name


def test_a_step_that_fails_leaves_no_hook_and_the_next_one_gives_the_tensor() -> None:
    batches: list[Any] = toy_batches(1)
    batches = [(torch.ones(16, 5), batches[0][1]), batches[0]]
    with open_run(lambda: toy_task(batches)) as run:
        run.ask(TakeTensor(1, TensorKind.ACTIVATION, "0"))
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            run.steps(1)
        assert not _capturing()
        run.steps(1)
        assert frozen(run, 1).shape == (16, 8)


def _with_buffer(tensor: torch.Tensor) -> Callable[[], TrainingTask]:
    def make() -> TrainingTask:
        task = toy_task()
        task.model.register_buffer("odd", tensor, persistent=False)
        return task

    return make


@pytest.mark.filterwarnings("ignore:.*(quantiz|sparse|nested|prototype).*")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.empty(2, device="meta"), "on the meta device"),
        (lambda: torch.eye(2).to_sparse(), "It is sparse; lab.put"),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "It is quantised; lab.put"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "It is nested"),
        (lambda: nn.UninitializedBuffer(), "It is lazy"),
    ],
    ids=["meta", "sparse", "quantised", "nested", "lazy"],
)
def test_what_is_no_block_of_numbers_is_refused_with_a_sentence(make: Callable[[], torch.Tensor], words: str) -> None:
    with open_run(toy_task) as run:
        run.task.model.register_buffer("odd", make(), persistent=False)
        run.ask(TakeTensor(1, TensorKind.BUFFER, "odd"))
        assert words in refusal(run, 1)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(0, 3),
        torch.tensor(1.5),
        torch.arange(12.0).reshape(3, 4).t(),
        torch.arange(3.0).expand(4, 3),
        torch.arange(40.0)[::4],
        torch.tensor([1 + 2j]),
        torch.tensor([True]),
        torch.ones(2, 2, dtype=torch.float8_e5m2),
    ],
    ids=["empty", "0-d", "transposed", "expanded", "gaps", "complex", "bool", "float8"],
)
def test_tensors_of_every_layout_are_copied(tensor: torch.Tensor) -> None:
    with open_run(_with_buffer(tensor)) as run:
        run.ask(TakeTensor(1, TensorKind.BUFFER, "odd"))
        taken, about = frozen(run, 1), run.last(TensorTaken).tensor
        assert torch.equal(taken.to(torch.complex128), tensor.to(torch.complex128))
        assert taken.untyped_storage().data_ptr() != tensor.untyped_storage().data_ptr() or not tensor.numel()
        assert about.strides == taken.stride()
        assert ("original's strides" in about.remark) == (taken.stride() != tensor.stride())


class Named(torch.Tensor):
    """A subclass whose own operations must not run for a copy."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.copy_:
            raise AssertionError("an operation of the subclass ran")
        return super().__torch_function__(func, types, args, kwargs or {})


def test_a_subclass_is_copied_as_the_numbers_that_it_holds() -> None:
    with open_run(_with_buffer(torch.arange(3.0).as_subclass(Named))) as run:
        run.ask(TakeTensor(1, TensorKind.BUFFER, "odd"))
        assert type(frozen(run, 1)) is torch.Tensor
        assert frozen(run, 1).tolist() == [0.0, 1.0, 2.0]


def big() -> TrainingTask:
    task = toy_task()
    task.model.register_buffer("big", torch.arange(25_000_000.0), persistent=False)  # 100 MB
    return task


def test_a_large_tensor_is_copied_in_pieces_while_the_run_stands_still() -> None:
    with open_run(big) as run:
        run.ask(TakeTensor(1, TensorKind.BUFFER, "big"))
        services, n_pieces = run.opened.services, 0
        while services.have_more_to_do:
            services.go_on()
            n_pieces += 1
            if n_pieces == 1:
                run.ask(TakeTensor(2, TensorKind.PARAMETER, "0.weight"))  # somebody else is served in between
        assert n_pieces == 6
        assert [record.request for record in run.said(TensorTaken)] == [2, 1]
        assert torch.equal(frozen(run, 1), run.task.model.get_buffer("big"))
        awaited = run.said(TensorAwaited)
        assert [record.n_bytes_done for record in awaited] == [n * 16 * 2**20 for n in range(6)]
        assert awaited[1].sentence == "16.8 MB of 100 MB are copied."


def test_a_step_that_comes_before_the_copy_is_done_is_not_held_up(monkeypatch) -> None:
    monkeypatch.setattr(tensor_lab, "_FIRST_GUESS", 1.0)
    with open_run(big) as run:
        run.ask(TakeTensor(1, TensorKind.BUFFER, "big"))
        run.steps(1)
        assert refusal(run, 1) == "It has 100 MB, more than can be copied in the time of one step. Pause to take it."
        assert not run.opened.services.have_more_to_do


def test_what_can_be_copied_in_the_time_of_a_step_is_copied_while_running(monkeypatch) -> None:
    monkeypatch.setattr(tensor_lab, "_FIRST_GUESS", 1e15)
    with open_run(big) as run:
        run.steps(1)
        run.ask(TakeTensor(1, TensorKind.BUFFER, "big"))
        run.steps(1)
        assert frozen(run, 1).numel() == 25_000_000


def test_a_tensor_that_is_changed_between_two_pieces_is_copied_anew() -> None:
    with open_run(big) as run:
        buffer = run.task.model.get_buffer("big")
        run.ask(TakeTensor(1, TensorKind.BUFFER, "big"))
        run.opened.services.go_on()
        buffer.add_(1)
        while run.opened.services.have_more_to_do:
            run.opened.services.go_on()
        assert torch.equal(frozen(run, 1), buffer)
        run.ask(TakeTensor(2, TensorKind.BUFFER, "big"))
        while run.opened.services.have_more_to_do:
            run.opened.services.go_on()
            buffer.add_(1)
        assert "changed while it is copied, again and again" in refusal(run, 2)


def test_a_copy_on_its_way_can_be_cancelled_and_ends_with_the_model() -> None:
    with open_run(big) as run:
        run.ask(TakeTensor(1, TensorKind.BUFFER, "big"), TakeTensor(2, TensorKind.ACTIVATION, "0"))
        run.ask(CancelLab(1), CancelLab(2))
        assert (refusal(run, 1), refusal(run, 2)) == ("Cancelled.", "Cancelled.")
        run.ask(TakeTensor(3, TensorKind.BUFFER, "big"), TakeTensor(4, TensorKind.ACTIVATION, "0"))
    assert "was closed before" in refusal(run, 3)
    assert "ended before the next step" in refusal(run, 4)


def test_what_does_not_fit_is_refused_with_its_size(monkeypatch) -> None:
    with open_run(big) as run:
        run.opened.shelf.n_bytes_limit = 50_000_000
        run.ask(TakeTensor(1, TensorKind.BUFFER, "big"))
        assert refusal(run, 1) == "It has 100 MB; the lab holds 0 bytes of at most 50 MB. Drop some copies."
        monkeypatch.setattr("moduleview.engine.lab_taking.free_memory", lambda: 10_000_000)
        run.ask(TakeTensor(2, TensorKind.BUFFER, "big"))
        assert refusal(run, 2) == "It has 100 MB, and 8 MB of memory can be used now."


def test_a_copy_that_somebody_writes_to_is_torn() -> None:
    live = torch.zeros(100)
    being_made = PiecewiseCopy(live)
    being_made.go_on(40)
    live[0] = 1.0
    with pytest.raises(TornCopyError):
        being_made.finish()


def test_a_run_that_begins_anew_says_again_what_the_lab_holds() -> None:
    with open_run(toy_task) as run:
        run.ask(TakeTensor(1, TensorKind.PARAMETER, "0.weight"))
        (again,) = [command for command in run.opened.services.commands_to_repeat() if isinstance(command, ListTensors)]
        run.records.clear()
        run.ask(again)
        assert [record.tensor.name for record in run.said(TensorTaken)] == ["0.weight@0"]


def test_a_source_without_a_thread_for_the_lab_is_answered_at_the_safe_point() -> None:
    with open_run(toy_task) as run:
        asked: LabCommand = RequestOperations()
        run.ask(asked)
        assert run.last(OperationsListed).operations
    assert Shelf(10).n_bytes_limit == 10
