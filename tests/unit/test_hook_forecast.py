"""torch's own backward-pre hook goes on only where it fires and breaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from watched_run import Watch, WatchedRun, digest, traces

from moduleview.hooks.board import list_hooks
from moduleview.telemetry.hooks import HookKind, HookStatus
from moduleview.telemetry.records import HooksChanged
from moduleview.telemetry.snapshot import NodeCoverage

BACKWARD_PRE = HookKind.BACKWARD_PRE


class Wrapped(nn.Module):
    """``inner`` between a Linear and whatever the test does with its output."""

    def __init__(self, inner: nn.Module, use: Callable[[Any], torch.Tensor]) -> None:
        super().__init__()
        self.before, self.inner, self.use = nn.Linear(3, 3), inner, use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self.inner(self.before(x)))


class Returns(nn.Module):
    def __init__(self, shape: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: torch.Tensor) -> Any:
        return self.shape(2 * x)


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


def three_steps(run: WatchedRun) -> None:
    for _ in range(3):
        run.step(lambda: run.model(torch.ones(2, 3)).sum())


@pytest.mark.parametrize(
    ("inner", "use"),
    [
        (nn.Linear(3, 3), lambda y: 5 * y),
        (Returns(lambda y: (y, None)), lambda out: 5 * out[0]),
        (Returns(lambda y: Pair(y, 2 * y)), lambda out: 5 * out.first),
    ],
    ids=["tensor", "tuple", "namedtuple"],
)
def test_it_fires_where_torch_lets_it(watch: Watch, inner: nn.Module, use: Callable[[Any], torch.Tensor]) -> None:
    run = watch(Wrapped(inner, use))
    run.tick(BACKWARD_PRE, "inner")
    three_steps(run)
    assert run.entry("inner", BACKWARD_PRE).status is HookStatus.ACTIVE
    assert run.values("backward_pre.mean")["inner", ""] == 5.0


@pytest.mark.parametrize(
    ("inner", "use", "because"),
    [
        (nn.Linear(3, 3), lambda y: y.relu_(), "in-place operation"),
        (nn.Linear(3, 3), lambda y: y.view(-1).add_(1.0), "in-place operation"),
        (nn.ReLU(inplace=True), lambda y: y, "changes its input in place"),
        (Returns(lambda y: {"out": y}), lambda out: out["out"], "this is a dict"),
        (Returns(lambda y: [y]), lambda out: out[0], "this is a list"),
        (Returns(lambda y: ((y, y),)), lambda out: out[0][0], "nested"),
        (Returns(lambda y: torch.aminmax(y, dim=0)), lambda out: out.min, "cannot rebuild a aminmax"),
        (Returns(lambda y: y.detach()), lambda y: y, "does not require a gradient"),
        (nn.ModuleList(), lambda y: y, "never called"),
    ],
    ids=[
        "in place after",
        "in place on a view",
        "in place itself",
        "dict",
        "list",
        "nested",
        "structseq",
        "detached",
        "container",
    ],
)
def test_where_it_would_fail_it_stays_off_and_says_why(
    watch: Watch, inner: nn.Module, use: Callable[[Any], torch.Tensor], because: str
) -> None:
    model = Wrapped(inner, use)
    if isinstance(inner, nn.ModuleList):
        model.forward = lambda x: model.before(x)
    run = watch(model)
    run.tick(BACKWARD_PRE, "inner")
    three_steps(run)  # warnings are errors here, and torch's own hook would warn or raise
    entry = run.entry("inner", BACKWARD_PRE)
    assert entry.status is HookStatus.CANNOT_FIRE
    assert because in entry.reason
    run.recorder.detach()
    assert traces(model) == []


def test_torchs_own_hook_does_raise_there() -> None:
    """What the forecast is for: when torch mends this, it can go."""
    model = Wrapped(nn.Linear(3, 3), lambda y: y.relu_())
    model.inner.register_full_backward_pre_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="inplace"):
        model(torch.ones(2, 3))


def test_an_old_backward_hook_of_the_owner_forbids_it(watch: Watch) -> None:
    model = Wrapped(nn.Linear(3, 3), lambda y: y)
    handle = model.inner.register_backward_hook(lambda *_: None)
    run = watch(model)
    run.tick(BACKWARD_PRE, "inner")
    assert "old kind" in run.entry("inner", BACKWARD_PRE).reason
    handle.remove()


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_script_module_refuses_every_kind_and_its_parameters_do_not(watch: Watch) -> None:
    model = Wrapped(torch.jit.script(nn.Sequential(nn.Linear(3, 3))), lambda y: y)
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD, BACKWARD_PRE):
        run.tick(kind, "inner")
        assert run.entry("inner", kind).status is HookStatus.CANNOT_FIRE
        assert "ScriptModule" in run.entry("inner", kind).reason
    run.tick(HookKind.TENSOR, "inner.0.bias")
    three_steps(run)
    assert run.values("tensor.mean")["inner.0.bias", ""] == 2.0


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("make", [torch.jit.script, lambda net: torch.jit.trace(net, torch.ones(1, 3))])
def test_a_model_that_is_a_script_itself_is_watched_by_its_parameters(
    watch: Watch, make: Callable[[nn.Module], nn.Module]
) -> None:
    run = watch(make(nn.Sequential(nn.Linear(3, 3), nn.Identity())))
    run.tick(HookKind.TENSOR, "0.bias")
    three_steps(run)
    assert run.values("tensor.mean")["0.bias", ""] == 2.0
    assert list(run.coverage()) == [NodeCoverage.EXECUTED, NodeCoverage.UNKNOWN, NodeCoverage.UNKNOWN]


def test_it_is_only_requested_until_the_trial_step_is_over(watch: Watch) -> None:
    run = watch(Wrapped(nn.Linear(3, 3), lambda y: y))
    run.tick(BACKWARD_PRE, "inner")
    assert run.entries() == ()
    run.step(lambda: run.model(torch.ones(2, 3)).sum())
    assert run.values("backward_pre.mean") == {}
    assert run.entry("inner", BACKWARD_PRE).status is HookStatus.ACTIVE


def test_it_stays_ticked_while_a_changed_model_is_tried_again(watch: Watch) -> None:
    run = watch(Wrapped(nn.Linear(3, 3), lambda y: y))
    run.tick(BACKWARD_PRE, "inner")
    three_steps(run)
    run.model.inner = nn.Linear(3, 3)
    three_steps(run)
    said = [record.entries for record in run.records if isinstance(record, HooksChanged)][1:]
    assert all(entries and entries[0].status is HookStatus.ACTIVE for entries in said)
    assert run.values("backward_pre.mean")["inner", ""] == 1.0


def test_calls_of_a_shared_module_keep_their_numbers(watch: Watch) -> None:
    linear = nn.Linear(3, 3)
    model = Wrapped(linear, lambda y: 7 * linear(y))
    run = watch(model)
    run.tick(BACKWARD_PRE, "inner")
    three_steps(run)
    values = run.values("backward_pre.mean")
    assert values["inner", "call 1"] == 7.0
    assert set(values) == {("inner", ""), ("inner", "call 1")}


def test_a_trial_changes_no_weight(watch: Watch) -> None:
    def weights(*, ticked: bool) -> list[bytes]:
        torch.manual_seed(0)
        run = watch(Wrapped(nn.Linear(3, 3), lambda y: y.relu_()))
        if ticked:
            run.tick(BACKWARD_PRE, "inner", "before", "")
        three_steps(run)
        return digest(run.model)

    assert weights(ticked=True) == weights(ticked=False)


def test_both_names_of_a_shared_module_can_be_ticked(watch: Watch) -> None:
    linear = nn.Linear(3, 3)
    model = nn.Sequential(nn.Linear(3, 3), linear, linear)
    run = watch(model)
    run.tick(BACKWARD_PRE, "1", "2")
    three_steps(run)
    values = run.values("backward_pre.mean")
    assert set(values) == {("1", ""), ("1", "call 1"), ("2", ""), ("2", "call 1")}
    assert values["1", "call 1"] == values["2", "call 1"] == 1.0


def test_a_step_that_raised_lets_go_of_what_the_trial_held(watch: Watch) -> None:
    """Out of memory would stay out of memory; and the trial begins anew."""
    run = watch(Wrapped(nn.Linear(3, 3), lambda y: y))
    run.tick(BACKWARD_PRE, "inner")
    run.recorder.begin_step(0)
    output = run.model(torch.ones(2, 3))
    storage = StorageWeakRef(output.untyped_storage())
    del output
    run.recorder.abandon_step()
    assert storage.expired()
    run.n_steps = 1
    three_steps(run)
    assert run.entry("inner", BACKWARD_PRE).status is HookStatus.ACTIVE


def test_a_refused_hook_leaves_nothing_of_its_trial(watch: Watch) -> None:
    run = watch(Wrapped(nn.Linear(3, 3), lambda y: y.relu_()))
    run.tick(BACKWARD_PRE, "inner")
    assert "inner._forward_pre_hooks" in traces(run.model)
    assert list_hooks(run.model.inner) == ()  # what looks on for a step is nobody's hook
    run.step(lambda: run.model(torch.ones(2, 3)).sum())
    assert run.entry("inner", BACKWARD_PRE).status is HookStatus.CANNOT_FIRE
    assert list_hooks(run.model.inner) == ()
