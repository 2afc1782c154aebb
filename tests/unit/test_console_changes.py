"""What a cell changed is told by the run's own tables and tensors, at the cost of less than a step."""

import math
import time

import pytest
import torch
from torch import nn

from moduleview.engine.console_changes import RunMarks
from moduleview.interventions.base import LiveRun


class Parts(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.large = nn.Linear(200, 100)


@pytest.fixture
def run():
    model = Parts()
    return LiveRun(model, (torch.optim.SGD(model.parameters(), lr=0.1),))


def of_storage(model):
    storage = model.first.weight.untyped_storage()
    storage.copy_(storage.clone().fill_(0))


CHANGES = {
    "no_grad": (lambda model, _: nn.init.zeros_(model.first.weight), ["weights"]),
    "through data": (lambda model, _: model.large.weight.data.mul_(2), ["weights"]),
    "one number through data": (lambda model, _: model.first.weight.data[1, 2].fill_(9.0), ["weights"]),
    "through NumPy": (lambda model, _: model.first.bias.detach().numpy().fill(3.0), ["weights"]),
    "through the storage": (lambda model, _: of_storage(model), ["weights"]),
    "buffer through data": (lambda model, _: model.norm.running_mean.data.add_(1), ["buffers"]),
    "other data": (lambda model, _: setattr(model.first.weight, "data", torch.ones(9)), ["weights", "shapes"]),
    "transposed": (lambda model, _: setattr(model.large.weight, "data", model.large.weight.data.T), ["shapes"]),
    "frozen": (lambda model, _: model.first.weight.requires_grad_(False), ["what is trained"]),
    "eval": (lambda model, _: model.eval(), ["training mode"]),
    "hook": (lambda model, _: model.first.register_forward_hook(print), ["hooks"]),
    "child": (lambda model, _: model.add_module("extra", nn.Identity()), ["structure"]),
    "same class in its place": (lambda model, _: setattr(model, "first", nn.Linear(4, 4)), ["structure"]),
    "child gone": (lambda model, _: delattr(model, "first"), ["structure"]),
    "buffer": (lambda model, _: model.register_buffer("more", torch.ones(1)), ["structure"]),
    "gradient": (lambda model, _: model.first(torch.ones(1, 4)).sum().backward(), ["gradients"]),
    "rate": (lambda _, optimizer: optimizer.param_groups[0].update(lr=3.0), ["optimizer"]),
    "rate as tensor": (lambda _, optimizer: optimizer.param_groups[0]["momentum"].fill_(0.5), ["optimizer"]),
    "group": (lambda _, optimizer: optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))]}), ["optimizer"]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen_and_named(what, run):
    change, expected = CHANGES[what]
    run.optimizers[0].param_groups[0]["momentum"] = torch.tensor(0.0)
    marks = RunMarks(run)
    change(run.model, run.optimizers[0])
    changed = marks.changes()
    assert set(expected) <= set(changed)
    assert set(changed) <= {*expected, "weights"}  # a transposed weight has its numbers in another order


def test_looking_changes_nothing_and_a_nan_is_the_same_nan(run):
    with torch.no_grad():
        run.model.first.weight[0] = math.nan
    marks = RunMarks(run)
    assert run.model.eval is not None
    assert marks.changes() == []
    run.model.first.weight.data[0] = 0.0
    assert marks.changes() == ["weights"]


def test_what_may_be_missed_is_known(run):
    assert RunMarks(run).may_miss
    del run.model.large
    assert not RunMarks(run).may_miss


def test_every_kind_of_tensor_can_be_marked():
    class Own(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise AssertionError(f"a person's own kind of tensor was asked for {func}")

    model = nn.Module()
    model.lazy = nn.LazyLinear(3)
    model.register_buffer("empty_buffer", torch.empty(0, 3))
    model.again = model.meta_twin = nn.Linear(2, 2)
    model.meta = nn.Linear(2, 2, device="meta")
    model.register_buffer("sparse", torch.eye(3).to_sparse())
    model.register_buffer("none", None)
    with torch.inference_mode():
        model.register_buffer("inference", torch.ones(2))
    model.register_buffer("own", torch.ones(2).as_subclass(Own))
    model.register_buffer("nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged))

    model.loop = model
    run = LiveRun(model)
    marks = RunMarks(run)
    assert marks.changes() == []
    model.lazy(torch.ones(1, 5))
    assert "structure" in marks.changes()


def test_marks_before_and_after_cost_less_than_a_step():
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(2_000)])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    run = LiveRun(model, (optimizer,))

    def step():
        x = torch.ones(1, 2)
        for layer in model:
            x = layer(x)
        x.sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    def look():
        RunMarks(run).changes()

    def fastest_s(work):
        times = []
        for _ in range(5):
            begin = time.thread_time()
            work()
            times.append(time.thread_time() - begin)
        return min(times)

    assert fastest_s(look) < fastest_s(step)
