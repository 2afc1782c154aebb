"""The parts of a training step: batches, the model's call, the loss, devices."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.batches import BatchesEnded, BatchFeed
from moduleview.engine.device import available_devices, batch_device, checked_device, devices_of, move_training
from moduleview.engine.model_call import call_model, compute_loss, split_batch
from moduleview.engine.structure_watch import StructureWatch
from moduleview.engine.task_checks import why_it_cannot_train
from moduleview.engine.tensor_tree import describe_tensors, move_tensors
from moduleview.engine.training_step import TrainingStep
from moduleview.errors import DeviceError, TaskError
from toy_tasks import toy_batches, toy_model, toy_task

META = torch.device("meta")
Pair = namedtuple("Pair", ["left", "right"])


class Recording(nn.Module):
    """Remembers how it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        self.seen = (args, kwargs)
        return torch.zeros(1, requires_grad=True)


class Choosy(nn.Module):
    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return ids.float().requires_grad_()


def test_list_goes_round_and_generator_ends() -> None:
    feed = BatchFeed([1, 2])
    assert [feed.next() for _ in range(5)] == [1, 2, 1, 2, 1]
    feed = BatchFeed(iter([1, 2]))
    assert [feed.next(), feed.next()] == [1, 2]
    with pytest.raises(BatchesEnded):
        feed.next()


def test_re_iterable_that_runs_dry_says_that_it_yields_nothing() -> None:
    class Once:
        def __init__(self) -> None:
            self.rounds = iter([[1], []])

        def __iter__(self) -> Iterator[int]:
            return iter(next(self.rounds))

    feed = BatchFeed(Once())
    assert feed.next() == 1
    with pytest.raises(TaskError, match="yield nothing"):
        feed.next()


def test_forgotten_position_begins_again() -> None:
    feed = BatchFeed([1, 2, 3])
    feed.next()
    feed.forget_position()
    assert feed.next() == 1


@pytest.mark.parametrize(
    ("inputs", "args", "kwargs"),
    [
        (7, (7,), {}),
        ((1, 2), (1, 2), {}),
        ([1, 2], (1, 2), {}),
        (([1, 2],), ([1, 2],), {}),
        ({"a": 1}, (), {"a": 1}),
    ],
)
def test_inputs_reach_the_model_as_documented(inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    model = Recording()
    call_model(model, inputs, is_whole_batch=False)
    assert model.seen == (args, kwargs)


def test_dict_batch_gives_forward_what_it_has_arguments_for() -> None:
    batch = {"ids": torch.ones(2), "labels": torch.zeros(2)}
    assert call_model(Choosy(), batch, is_whole_batch=True).shape == (2,)
    with pytest.raises(TypeError):
        call_model(Choosy(), batch, is_whole_batch=False)


def test_dict_batch_is_its_own_target() -> None:
    batch = {"ids": torch.ones(2)}
    inputs, target = split_batch(batch)
    assert inputs is batch
    assert target is batch


def test_models_own_loss_is_taken_from_attribute_or_key() -> None:
    loss = torch.ones((), requires_grad=True)
    assert compute_loss(None, {"loss": loss}, None) is loss
    assert compute_loss(None, SimpleNamespace(loss=loss), None) is loss
    assert compute_loss(lambda outputs, batch: outputs * batch["w"], loss, {"w": 2.0}).item() == 2.0


def test_dict_batches_train_with_a_models_own_loss() -> None:
    class WithLoss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = toy_model()

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"loss": nn.functional.mse_loss(self.net(x), labels)}

    model = WithLoss()
    batches = [{"x": x, "labels": y, "name": "left out"} for x, y in toy_batches()]
    step = TrainingStep(toy_task(batches, model=model, loss=None))
    before = [param.clone() for param in model.parameters()]
    step.fetch()
    assert float(step.train()) > 0
    assert not all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))


def test_step_is_called_with_the_batch_where_there_are_batches() -> None:
    seen: list[Any] = []

    def own(*args: Any) -> float:
        seen.append(args)
        return 0.5

    with_batches = TrainingStep(TrainingTask(toy_model(), batches=["a", "b"], step=own))
    with_batches.fetch()
    assert with_batches.train() == 0.5
    without = TrainingStep(TrainingTask(toy_model(), step=own))
    without.fetch()
    without.train()
    assert seen == [("a",), ()]


@pytest.mark.parametrize("loss", [0.5, np.float32(0.5), np.float64(0.5), torch.tensor([0.5])])
def test_step_may_return_any_one_number(loss: Any) -> None:
    step = TrainingStep(TrainingTask(toy_model(), step=lambda: loss))
    step.fetch()
    assert float(step.train()) == 0.5


def test_gradients_stay_to_be_looked_at_between_steps() -> None:
    task = toy_task()
    step = TrainingStep(task)
    step.fetch()
    step.train()
    assert all(param.grad is not None for param in task.model.parameters())


def test_returned_loss_holds_no_graph() -> None:
    step = TrainingStep(toy_task())
    step.fetch()
    loss = step.train()
    assert isinstance(loss, torch.Tensor)
    assert not loss.requires_grad


@pytest.mark.parametrize("missing", ["batches", "optimizer"])
def test_what_is_missing_for_training_is_said(missing: str) -> None:
    task = toy_task()
    setattr(task, missing, None)
    assert missing in why_it_cannot_train(task)
    assert why_it_cannot_train(toy_task()) == ""
    assert why_it_cannot_train(TrainingTask(toy_model(), step=lambda: 1.0)) == ""


def test_tensors_are_moved_wherever_they_are_and_the_rest_is_left_alone() -> None:
    packed = nn.utils.rnn.pack_sequence([torch.ones(2)])
    tree = {"a": [torch.ones(2), "text"], "b": Pair(torch.ones(1), 3), "c": (torch.ones(1),), "d": packed}
    moved = move_tensors(tree, META)
    assert moved["a"][0].device == META
    assert moved["a"][1] == "text"
    assert type(moved["b"]) is Pair
    assert moved["b"].left.device == META
    assert moved["b"].right == 3
    assert moved["c"][0].device == META
    assert moved["d"].data.device == META
    assert moved["d"].batch_sizes.device.type == "cpu"


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_batch_is_described_by_its_shapes() -> None:
    batch = (torch.zeros(64, 1, 8, 8), {"y": torch.zeros(64, dtype=torch.int64), "w": torch.tensor(1.0)})
    assert describe_tensors(batch) == "64 × 1 × 8 × 8 float32, 64 int64, scalar float32"
    assert describe_tensors([torch.zeros(1)] * 100).count("float32") == 6
    assert describe_tensors("nothing") == ""
    assert describe_tensors(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])).startswith("nested")


def test_devices_are_named_and_others_refused() -> None:
    assert available_devices()[0] == "cpu"
    assert checked_device("cpu") == torch.device("cpu")
    for name in ("cuda:77", "gpu", "", "meta"):
        with pytest.raises(DeviceError, match="cpu"):
            checked_device(name)


def test_model_on_several_devices_leaves_batches_where_they_are() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2, device="meta"))
    assert devices_of(model) == (torch.device("cpu"), META)
    assert batch_device(model) is None
    assert batch_device(nn.ReLU()) is None
    assert batch_device(toy_model()) == torch.device("cpu")


def test_moving_keeps_parameters_and_their_optimizer_state_together() -> None:
    """To the meta device torch makes new parameters, as it may elsewhere: the optimizer is given the new ones."""
    task = toy_task(loss=nn.CrossEntropyLoss(weight=torch.ones(2)))
    assert task.optimizer is not None
    task.optimizer.zero_grad()
    task.model(torch.ones(1, 4)).sum().backward()
    task.optimizer.step()
    move_training(task.model, task.optimizer, task.loss, META)
    held = task.optimizer.param_groups[0]["params"]
    assert all(a is b for a, b in zip(held, task.model.parameters(), strict=True))
    for param in held:
        state = task.optimizer.state[param]
        assert state["exp_avg"].device == META
        assert state["step"].device.type == "cpu"
    assert len(task.optimizer.state) == len(held)
    assert isinstance(task.loss, nn.CrossEntropyLoss)
    assert task.loss.weight.device == META


def test_move_that_fails_leaves_everything_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    task = toy_task()
    n_calls = 0
    original = nn.Module.to

    def to(self: nn.Module, device: torch.device) -> nn.Module:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            raise RuntimeError("no room; none at all")
        return original(self, device)

    monkeypatch.setattr(nn.Module, "to", to)
    with pytest.raises(DeviceError, match=r"no room, none at all\); choose another"):
        move_training(task.model, task.optimizer, task.loss, META)
    assert devices_of(task.model) == (torch.device("cpu"),)


def change_nothing(model: nn.Sequential) -> None:
    model[0](torch.ones(1, 4))


def replace_a_parameter(model: nn.Sequential) -> None:
    model[0].weight = nn.Parameter(torch.ones(8, 4))


def replace_a_module(model: nn.Sequential) -> None:
    model[1] = nn.ReLU()


def add_a_parameter(model: nn.Sequential) -> None:
    model[1].register_parameter("slope", nn.Parameter(torch.ones(1)))


def freeze_a_parameter(model: nn.Sequential) -> None:
    model[0].bias.requires_grad_(False)


def remove_a_module(model: nn.Sequential) -> None:
    del model[3]


@pytest.mark.parametrize(
    ("change", "is_seen"),
    [
        (change_nothing, False),
        (replace_a_parameter, True),
        (replace_a_module, True),
        (add_a_parameter, True),
        (freeze_a_parameter, True),
        (remove_a_module, True),
    ],
)
def test_changed_structure_is_seen_once(change: Any, is_seen: bool) -> None:
    model = toy_model()
    watch = StructureWatch(model)
    change(model)
    assert watch.has_changed() is is_seen
    watch._next_look_s = 0.0
    assert not watch.has_changed()


def test_module_that_holds_itself_does_not_hang_the_watch() -> None:
    model = toy_model()
    model._modules["itself"] = model
    assert not StructureWatch(model).has_changed()
