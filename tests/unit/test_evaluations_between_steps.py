"""What hooks see belongs to a step: not an evaluation with gradients on that is made before the step begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from watched_run import Watch, digest, traces

import moduleview
from moduleview.hooks.ticked import MAX_CALLS
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.snapshot import NodeCoverage

TORCHS_OWN = ("backward_pre", "full_backward")
MODULE_KINDS = ("forward_pre", "forward", "backward", *TORCHS_OWN)
PARAMETER_KINDS = ("tensor", "post_accumulate")


class Net(nn.Module):
    """Adds its two weights to what comes in, one by one: what each module sees tells whose call it was."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Adds(1.0), Adds(2.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))


class Adds(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), value))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight


def at(value: float) -> torch.Tensor:
    return torch.full((1,), value, requires_grad=True)


class Loop:
    """Steps of somebody's own, every kind ticked on the first module; the learning rate is 0."""

    def __init__(self, model: nn.Module | None = None, fqn: str = "first") -> None:
        self.model = Net() if model is None else model
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.0)
        self.w = moduleview.watch(self.model, self.optimizer)
        self.fqn = fqn
        for kind in MODULE_KINDS:
            self.w.set_hook(fqn, kind)
        for kind in PARAMETER_KINDS:
            self.w.set_hook(f"{fqn}.weight", kind)
        self.step(0.0)  # in which torch's own backward hooks are on trial

    def step(self, *inputs: float) -> None:
        """One pass an input, accumulated."""
        self.optimizer.zero_grad()
        for value in inputs:
            self.model(at(value)).sum().backward()
        self.optimizer.step()

    def last(self, kind: str = "forward") -> dict[str, float]:
        """The newest step's means by part, where it has some."""
        name = f"{kind}.mean"
        fqn = f"{self.fqn}.weight" if kind in PARAMETER_KINDS else self.fqn
        series = {key.part: self.w.series(name, key) for key in self.w.keys(name) if key.fqn == fqn}
        newest = self.w.n_steps - 1
        return {part: float(values[-1]) for part, (steps, values) in series.items() if steps[-1] == newest}

    def assert_only(self, value: float) -> None:
        """All hooks saw one pass, and it was that of this input."""
        assert self.last("forward_pre") == {"": value}
        assert self.last("forward") == {"": value + 1.0}
        for kind in ("backward", *TORCHS_OWN, *PARAMETER_KINDS):
            assert self.last(kind) == {"": 1.0}, kind


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    with made.w:
        yield made


def test_an_evaluation_that_forgot_no_grad_belongs_to_no_step(loop: Loop) -> None:
    for value in (10.0, 20.0):
        for _ in range(3):
            loss = loop.model(at(99.0)).sum()
            assert loss.item() == 102.0
        loop.step(value)
        loop.assert_only(value)


def test_a_step_after_more_evaluations_than_are_measured_of_one_module_is_measured(loop: Loop) -> None:
    for kind in TORCHS_OWN:  # under these the graph of an evaluation stays until the garbage collector comes
        loop.w.set_hook("first", kind, enabled=False)
    for _ in range(2 * MAX_CALLS):
        loss = loop.model(at(99.0)).sum()
        assert loss.item() == 102.0
    loop.step(10.0)
    assert loop.last("forward_pre") == {"": 10.0}
    assert loop.last("forward") == {"": 11.0}
    assert loop.last("backward") == loop.last("tensor") == {"": 1.0}


def test_evaluations_whose_graph_is_kept_belong_to_no_step_either(loop: Loop) -> None:
    kept = [loop.model(at(99.0)) for _ in range(3)]
    loop.step(10.0)
    loop.assert_only(10.0)
    assert len(kept) == 3


def test_a_pass_whose_gradients_are_cleared_belongs_to_no_step(loop: Loop) -> None:
    """As an adversarial attack makes one before each step."""
    loop.model(at(99.0)).mul(50.0).sum().backward()
    loop.step(10.0)
    loop.assert_only(10.0)


def test_parts_of_the_model_that_are_called_alone_belong_to_no_step(loop: Loop) -> None:
    loop.model.first(at(99.0))
    loop.model.second(at(99.0))
    loop.step(10.0)
    loop.assert_only(10.0)


def test_an_evaluation_that_raised_is_left_out_with_the_call_after_it(loop: Loop) -> None:
    with pytest.raises(TypeError):
        loop.model("no tensor")
    loop.model(at(99.0))
    loop.step(10.0)
    loop.assert_only(10.0)


def test_passes_that_are_accumulated_and_calls_of_one_loss_all_belong_to_the_step(loop: Loop) -> None:
    loop.model(at(99.0))
    loop.step(10.0, 20.0)
    assert loop.last() == {"": 11.0, "call 1": 21.0}
    assert loop.last("backward") == {"": 1.0, "call 1": 1.0}
    assert loop.last("tensor") == {"": 1.0, "call 1": 1.0}
    loop.optimizer.zero_grad()
    (loop.model(at(10.0)) * loop.model(at(20.0))).sum().backward()
    loop.optimizer.step()
    assert loop.last() == {"": 11.0, "call 1": 21.0}
    assert loop.last("backward") == {"": 23.0, "call 1": 13.0}


def test_a_call_within_the_step_belongs_to_it_though_no_gradient_comes(loop: Loop) -> None:
    """A target of the same model, behind the first call: it is made between the step's begin and its end."""
    loop.optimizer.zero_grad()
    loss = loop.model(at(10.0)).sum() - loop.model(at(20.0)).detach().sum()
    loss.backward()
    loop.optimizer.step()
    assert loop.last() == {"": 11.0, "call 1": 21.0}
    assert loop.last("backward") == {"": 1.0}


def test_what_returns_nothing_to_be_marked_is_counted() -> None:
    class Keeps(Net):
        def forward(self, x: torch.Tensor) -> None:  # type: ignore[override]
            self.kept = super().forward(x)

    model = Keeps()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        w.set_hook("first", "forward")
        for _ in range(2):
            model(at(1.0))
            model(at(2.0))
            model.kept.sum().backward()
            optimizer.step()
        assert {key.part for key in w.keys("forward.mean")} == {"", "call 1"}


def test_modules_that_only_an_evaluation_calls_are_not_said_to_run_in_a_step() -> None:
    class Chooses(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.first(x) if self.training else self.second(x)

    model = Chooses()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        w.set_hook("first", "forward")
        model.eval()(at(1.0))
        model.train()(at(1.0)).sum().backward()
        optimizer.step()
        names = [fqn for fqn, _ in model.named_modules()]
        covered = dict(zip(names, w.store.coverage, strict=True))
    assert covered == {
        "": NodeCoverage.EXECUTED,
        "first": NodeCoverage.EXECUTED,
        "second": NodeCoverage.NOT_EXECUTED,
    }


def test_nothing_is_said_of_what_runs_where_no_call_is_looked_at() -> None:
    """Nothing is ticked, and a step begins with its backward: that no call was seen says nothing."""
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for is_ticked in (False, True):
            if is_ticked:
                w.set_hook("first", "forward")
            model(at(1.0)).sum().backward()
            optimizer.step()
            expected = NodeCoverage.EXECUTED if is_ticked else NodeCoverage.UNKNOWN
            assert set(w.store.coverage.tolist()) == {expected}


def test_where_whoever_makes_the_steps_says_when_each_begins_all_that_is_in_it_counts(watch: Watch) -> None:
    model = Net()
    run = watch(model, lr=0.0)
    run.tick(HookKind.FORWARD, "first")

    def step() -> torch.Tensor:
        model(at(99.0))
        return model(at(10.0)).sum()

    run.step(step)
    assert run.values("forward.mean") == {("first", ""): 100.0, ("first", "call 1"): 11.0}


@pytest.mark.parametrize("evaluate", [lambda model: model(at(3.0)), lambda model: model(at(3.0)).sum().backward()])
def test_weights_are_bit_equal_and_no_trace_is_left(evaluate: Callable[[nn.Module], object]) -> None:
    def train(*, is_watched: bool) -> list[bytes]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        before = traces(model)
        w = moduleview.watch(model, optimizer) if is_watched else None
        if w is not None:
            for kind in MODULE_KINDS:
                w.set_hook(("", "0", "1"), kind)
        for _ in range(3):
            evaluate(model)
            optimizer.zero_grad()
            model(at(2.0)).sum().backward()
            optimizer.step()
        evaluate(model)
        if w is not None:
            w.detach()
            assert traces(model) == before
        return digest(model)

    assert train(is_watched=True) == train(is_watched=False)
