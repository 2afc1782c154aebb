"""Changes act on the gradient that the optimizer will use: once a step, in true units, whatever kind of step it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.optim.optimizer as torch_optimizer
from torch import nn

from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.clip_gradient_norm import ClipGradientNorm
from moduleview.interventions.gradient_noise import GradientNoise
from moduleview.interventions.journal import Journal
from moduleview.interventions.replace_non_finite import ReplaceNonFinite
from moduleview.interventions.scale_gradient import ScaleGradient
from moduleview.probes.recorder import Recorder
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState
from moduleview.telemetry.quantities import ACCUMULATED_GRAD_NORM, GRAD_NORM
from moduleview.telemetry.records import Record
from moduleview.telemetry.store import SeriesStore


class Bench:
    """A line with one weight of gradient 2, and a journal."""

    def __init__(self, make: Any = torch.optim.SGD, **settings: Any) -> None:
        self.model = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.model.weight)
        self.optimizer = make(self.model.parameters(), **{"lr": 1.0, **settings})
        self.records: list[Record] = []
        self.journal = Journal(self.records.append)

    @property
    def run(self) -> LiveRun:
        return LiveRun(self.model, (self.optimizer,))

    @property
    def weight(self) -> float:
        return self.model.weight.item()

    def loss(self) -> torch.Tensor:
        return 2 * self.model(torch.ones(1, 1)).sum()

    def scale(self, factor: float = 0.5) -> int:
        return self.journal.apply(ScaleGradient.make(self.run, "weight", {"factor": factor}), self.run, 0)

    def step(self, n_passes: int = 1) -> None:
        self.optimizer.zero_grad()
        for _ in range(n_passes):
            self.loss().backward()
        self.journal.gradients.begin_step()
        self.optimizer.step()

    def states(self) -> list[tuple[EntryState, str]]:
        newest = {one.entry: one for one in self.records if isinstance(one, ChangeJournaled)}
        return [(one.state, one.note) for one in newest.values()]


@pytest.fixture
def journals() -> Iterator[list[Journal]]:
    """Those whose changes are let go at the end."""
    made: list[Journal] = []
    yield made
    for journal in made:
        journal.gradients.clear()


@pytest.fixture
def make(journals: list[Journal]) -> Callable[..., Bench]:
    def made(**settings: Any) -> Bench:
        bench = Bench(**settings)
        journals.append(bench.journal)
        return bench

    return made


def tables(optimizer: torch.optim.Optimizer) -> list[dict[int, Any]]:
    return [
        dict(torch_optimizer._global_optimizer_pre_hooks),
        dict(torch_optimizer._global_optimizer_post_hooks),
        dict(optimizer._optimizer_step_pre_hooks),
        dict(optimizer._optimizer_step_post_hooks),
    ]


def test_accumulated_gradients_are_changed_once(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.scale(0.5)
    bench.step(n_passes=3)
    assert bench.weight == -3.0


def test_nothing_is_left_on_torch_or_the_optimizer_when_taken_back(make: Callable[..., Bench]) -> None:
    bench = make()
    own = bench.optimizer.register_step_pre_hook(lambda *_: None)
    before = tables(bench.optimizer)
    entry, other = bench.scale(), bench.scale(3.0)
    assert tables(bench.optimizer) != before
    bench.step()
    bench.journal.take_back(entry, bench.run, 1)
    bench.step()
    bench.journal.take_back(other, bench.run, 2)
    assert tables(bench.optimizer) == before
    assert [list(table) for table in tables(bench.optimizer)] == [list(table) for table in before]
    own.remove()


def test_a_step_that_raises_leaves_no_hook_behind(make: Callable[..., Bench]) -> None:
    bench = make()
    before = tables(bench.optimizer)

    def fail(*_: Any) -> None:
        raise ValueError("the user's")

    entry = bench.scale()
    own = bench.optimizer.register_step_post_hook(fail)
    with pytest.raises(ValueError, match="the user's"):
        bench.step()
    own.remove()
    bench.journal.take_back(entry, bench.run, 1)
    assert tables(bench.optimizer) == before


def test_it_comes_after_what_the_optimizers_own_hooks_do(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.scale(0.5)
    bench.optimizer.register_step_pre_hook(lambda *_: nn.utils.clip_grad_norm_(bench.model.parameters(), 1.0) and None)
    bench.step()
    assert bench.weight == pytest.approx(-0.5)


def test_mixed_precision_is_unscaled_first(make: Callable[..., Bench]) -> None:
    bench = make()
    entry = bench.journal.apply(ClipGradientNorm.make(bench.run, "", {"max_norm": 1.0}), bench.run, 0)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale(bench.loss()).backward()
    scaler.step(bench.optimizer)
    scaler.update()
    assert bench.weight == pytest.approx(-1.0)
    assert entry == 1


def test_a_fused_optimizer_that_is_given_the_scale_is_changed_in_true_units(make: Callable[..., Bench]) -> None:
    bench = make(fused=True)
    bench.journal.apply(ClipGradientNorm.make(bench.run, "", {"max_norm": 1.0}), bench.run, 0)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    assert bench.optimizer._step_supports_amp_scaling
    scaler.scale(bench.loss()).backward()
    scaler.step(bench.optimizer)
    assert bench.weight == pytest.approx(-1.0)


def test_of_a_wrapper_around_an_optimizer_the_outer_step_counts(make: Callable[..., Bench]) -> None:
    class Wrapper(torch.optim.Optimizer):
        def __init__(self, inner: torch.optim.Optimizer) -> None:
            super().__init__(inner.param_groups, {})
            self.inner = inner

        def step(self, closure: Any = None) -> None:
            self.inner.step()

    bench = make()
    bench.optimizer = Wrapper(bench.optimizer)
    bench.scale(0.5)
    bench.step()
    assert bench.weight == -1.0


def test_an_optimizer_within_backward_is_changed_too(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.scale(0.5)

    def step(_: torch.Tensor) -> None:
        bench.optimizer.step()
        bench.optimizer.zero_grad()

    bench.model.weight.register_post_accumulate_grad_hook(step)
    bench.loss().backward()
    assert bench.weight == -1.0


def test_a_tied_parameter_is_changed_once(journals: list[Journal]) -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    run, journal = LiveRun(model, (optimizer,)), Journal(lambda _: None)
    journals.append(journal)
    journal.apply(ScaleGradient.make(run, "", {"factor": 0.5}), run, 0)
    model(torch.ones(1, 2)).sum().backward()
    assert model[0].weight.grad is not None
    before, gradient = model[0].weight.detach().clone(), model[0].weight.grad.clone()
    optimizer.step()
    assert torch.equal(model[0].weight, before - 0.5 * gradient)


def test_noise_leaves_the_runs_random_numbers_alone(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.journal.apply(GradientNoise.make(bench.run, "", {"std": 1.0}), bench.run, 0)
    state = torch.random.get_rng_state()
    bench.step()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert bench.weight != -2.0


def test_nan_and_inf_are_replaced(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.journal.apply(ReplaceNonFinite.make(bench.run, "", {"nan": 3.0}), bench.run, 0)
    (bench.loss() * float("nan")).backward()
    bench.optimizer.step()
    assert bench.weight == -3.0


def test_panels_are_given_the_changed_gradient_and_its_stations_the_raw_one(make: Callable[..., Bench]) -> None:
    bench, store = make(), SeriesStore()
    recorder = Recorder(bench.model, store.apply, budget=None)
    recorder.attach()
    bench.scale(0.25)
    recorder.begin_step(0)
    bench.step()
    recorder.end_step(0, 0.1, None)
    recorder.detach()
    norms = {name: store.latest(store.keys(name)[0]) for name in (GRAD_NORM, ACCUMULATED_GRAD_NORM)}
    assert norms == {GRAD_NORM: 0.5, ACCUMULATED_GRAD_NORM: 2.0}


def test_one_that_raises_is_off_and_the_step_is_made(journals: list[Journal]) -> None:
    model = nn.Embedding(3, 2, sparse=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    run, journal = LiveRun(model, (optimizer,)), Journal(lambda _: None)
    journals.append(journal)
    journal.apply(ClipGradientNorm.make(run, "", {}), run, 0)
    before = model.weight.detach().clone()
    model(torch.tensor([0])).sum().backward()
    optimizer.step()
    assert torch.equal(model.weight[0], before[0] - 1)
    ((change, why),) = journal.gradients.failed
    assert isinstance(change, ClipGradientNorm)
    assert why
    assert not journal.gradients.standing


def test_it_is_said_where_no_optimizer_uses_the_gradient(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.scale()
    (change,) = bench.journal.gradients.standing
    change.n_steps = 1
    bench.journal.look_at_notes()
    assert bench.states()[0][1].startswith("It has changed nothing yet")
    bench.step()
    bench.journal.look_at_notes()
    assert bench.states() == [(EntryState.STANDS, "")]


@pytest.mark.parametrize(
    ("fqn", "arguments", "because"),
    [
        ("gone", {}, "no module or parameter called gone"),
        ("", {"max_norm": 0.0}, "number above 0"),
        ("", {"max_norm": float("nan")}, "finite number"),
        ("", {"max_norm": "1"}, "give a number"),
        ("", {"norm_type": "3"}, "choose one of 2, 1, inf"),
        ("", {"size": 1.0}, "no argument 'size'"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(fqn: str, arguments: dict[str, Any], because: str) -> None:
    bench = Bench()
    with pytest.raises(InterventionError, match=because):
        ClipGradientNorm.make(bench.run, fqn, arguments)


def test_frozen_lazy_and_eight_bit_parameters_are_refused() -> None:
    frozen, lazy, small = nn.Linear(1, 1), nn.LazyLinear(1), nn.Linear(1, 1, bias=False)
    frozen.requires_grad_(False)
    small.weight = nn.Parameter(small.weight.detach().to(torch.float8_e4m3fn))
    for model, because in ((frozen, "frozen"), (lazy, "first input"), (small, "float8_e4m3fn")):
        with pytest.raises(InterventionError, match=because):
            ClipGradientNorm.make(LiveRun(model), "", {})
