"""What the recorder emits, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from torch import nn
from watched_run import Watch, traces

from moduleview.introspect.tree import snapshot_model
from moduleview.probes.base import Measured, StepView
from moduleview.probes.loss import Loss
from moduleview.probes.memory import resident_bytes
from moduleview.probes.step_values import Layout, StepValues
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import CoverageMeasured, HooksChanged, SeriesDeclared, StepRecord
from moduleview.telemetry.snapshot import NodeCoverage


def linear_loss(model: nn.Module) -> torch.Tensor:
    return model(torch.ones(2, 3)).sum()


def test_series_are_declared_once_and_before_they_are_used(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    declared = 0
    for step in range(12):
        if step == 5:
            run.tick(HookKind.FORWARD, "")
        run.step(lambda: linear_loss(model))
    for record in run.records:
        if isinstance(record, SeriesDeclared):
            assert record.first == declared
            declared += len(record.keys)
        elif isinstance(record, StepRecord):
            assert record.series.max() < declared
            assert record.series.dtype == np.int32
            assert record.values.dtype == np.float32
    steps = [record for record in run.records if isinstance(record, StepRecord)]
    assert [record.step for record in steps] == list(range(12))
    assert [round(record.time_s, 3) for record in steps] == [round(0.1 * step, 3) for step in range(12)]


def test_weights_and_memory_are_measured_every_tenth_step(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model, lr=0.0)
    for _ in range(11):
        run.step(lambda: linear_loss(model))
    measured = [step for step in range(11) if run.values("weight_norm", step)]
    assert measured == [0, 10] == [step for step in range(11) if run.values("memory", step)]
    assert run.values("weight_norm", 0)["weight", ""] == pytest.approx(float(model.weight.detach().norm()))
    assert 0 < run.values("memory", 0)["", ""] <= 1.5 * resident_bytes()


@pytest.mark.parametrize(
    ("loss", "measured"),
    [
        (torch.tensor(2.5, requires_grad=True), 2.5),
        (torch.tensor([[2.5]]), 2.5),
        (torch.tensor(2.5, dtype=torch.float64), 2.5),
        (3, 3.0),
        (math.nan, math.nan),
        (None, None),
        (torch.ones(2), None),
        (torch.tensor(1j), None),
        (torch.ones((), device="meta"), None),
    ],
)
def test_a_loss_that_is_one_number_is_measured(loss: torch.Tensor | float | None, measured: float | None) -> None:
    found = [(one.fqns, one.values.tolist()) for one in Loss().measure(StepView(0, loss=loss))]
    assert found == ([] if measured is None else [(("",), pytest.approx([measured], nan_ok=True))])


def test_overhead_is_a_share_of_the_steps_time(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.step(lambda: linear_loss(model))
    share = run.values("overhead")["", ""]
    assert 0.0 < share < 1.0


def test_a_probe_that_raises_is_switched_off_and_said_once(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(probe: Loss, step: StepView) -> Iterable[Measured]:
        raise RuntimeError("no room")

    monkeypatch.setattr(Loss, "measure", fail)
    model = nn.Linear(3, 1)
    run = watch(model)
    for _ in range(3):
        run.step(lambda: linear_loss(model))
    assert run.values("loss") == {}
    assert run.values("grad_norm")
    said, *traceback = run.log()
    assert said == "Measuring loss failed at step 0 and was switched off: RuntimeError('no room')"
    assert (traceback[0], traceback[-1]) == ("Traceback (most recent call last):", "RuntimeError: no room")
    assert "in fail" in "".join(traceback)


class Partly(nn.Module):
    """Some children run, one is passed by, one does not run."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = nn.Linear(3, 3)
        self.items = nn.ModuleList([nn.Linear(3, 3)])
        self.passed_by = nn.Linear(3, 3)
        self.idle = nn.Linear(3, 3)
        self.iterated = nn.Sequential(nn.ReLU(), nn.ReLU())
        self.again = self.runs
        self.tied = nn.Linear(3, 3, bias=False)
        self.tied.weight = self.runs.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.items[0](self.runs(x))
        for module in self.iterated:
            x = module(x)
        return nn.functional.linear(x, self.passed_by.weight, self.passed_by.bias)


def test_coverage_says_what_ran_in_the_first_step_once(watch: Watch) -> None:
    model = Partly()
    run = watch(model)
    run.recorder.rebind(snapshot_model(model, generation=0))
    for _ in range(2):
        run.step(lambda: linear_loss(model))
    names = [fqn for fqn, _ in model.named_modules(remove_duplicate=False)]
    coverage = dict(zip(names, map(NodeCoverage, run.coverage()), strict=True))
    assert coverage == {
        "": NodeCoverage.EXECUTED,
        "runs": NodeCoverage.EXECUTED,
        "items": NodeCoverage.UNKNOWN,
        "items.0": NodeCoverage.EXECUTED,
        "passed_by": NodeCoverage.BYPASSED,
        "idle": NodeCoverage.NOT_EXECUTED,
        "iterated": NodeCoverage.UNKNOWN,
        "iterated.0": NodeCoverage.EXECUTED,
        "iterated.1": NodeCoverage.EXECUTED,
        "again": NodeCoverage.EXECUTED,
        "tied": NodeCoverage.NOT_EXECUTED,
    }
    assert sum(type(record).__name__ == "CoverageMeasured" for record in run.records) == 1


def test_what_runs_is_counted_again_every_256_steps(watch: Watch) -> None:
    model = nn.ModuleDict({"a": nn.Linear(3, 1), "b": nn.Linear(3, 1)})
    run = watch(model)
    for _ in range(256):
        run.step(lambda: model["a"](torch.ones(2, 3)).sum())
    assert len([record for record in run.records if isinstance(record, CoverageMeasured)]) == 1
    assert run.coverage()[1:] == [NodeCoverage.EXECUTED, NodeCoverage.NOT_EXECUTED]
    run.step(lambda: model["b"](torch.ones(2, 3)).sum())
    assert run.coverage()[1:] == [NodeCoverage.NOT_EXECUTED, NodeCoverage.EXECUTED]


def test_a_new_structure_is_covered_anew_with_its_generation(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    run = watch(model)
    run.recorder.rebind(snapshot_model(model, generation=0))
    run.step(lambda: linear_loss(model))
    model.append(nn.ReLU())
    run.recorder.rebind(snapshot_model(model, generation=4))
    run.step(lambda: linear_loss(model))
    assert len(run.coverage()) == 3
    assert [r.generation for r in run.records if type(r).__name__ == "CoverageMeasured"] == [0, 4]


def test_counts_of_hooks_are_said_at_most_twice_a_second(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("moduleview.probes.recorder.time.monotonic", lambda: now[0])
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(HookKind.FORWARD, "")
    for _ in range(20):
        now[0] += 0.1
        run.step(lambda: linear_loss(model))
    said = [record for record in run.records if isinstance(record, HooksChanged)]
    assert 4 <= len(said) <= 6
    entry = said[-1].entries[0]
    assert entry.n_fires > 10
    assert entry.us_per_fire > 0
    assert entry.seen == "2 × 1 · float32"


def test_detaching_ends_everything_and_attaching_again_works(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(HookKind.FORWARD, "")
    run.recorder.begin_step(0)
    run.recorder.detach()
    assert traces(model) == []
    run.recorder.attach()
    run.recorder.attach()
    run.n_steps = 1
    run.step(lambda: linear_loss(model))
    assert ("weight", "") in run.values("grad_norm")
    run.recorder.detach()
    assert traces(model) == []


def test_a_hook_on_a_name_that_is_not_there_says_so(watch: Watch) -> None:
    run = watch(nn.Linear(3, 1))
    run.tick(HookKind.FORWARD, "gone")
    run.tick(HookKind.TENSOR, "gone")
    assert "no module of that name" in run.entry("gone", HookKind.FORWARD).reason
    assert "no parameter of that name" in run.entry("gone", HookKind.TENSOR).reason


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_a_step_waits_for_nothing_and_its_record_comes_later(watch: Watch) -> None:
    model = nn.Linear(3, 1).cuda()
    run = watch(model)
    run.tick(HookKind.FORWARD, "")
    x = torch.ones(2, 3, device="cuda")
    run.step(lambda: model(x).sum())
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            run.step(lambda: model(x).sum())
    finally:
        torch.cuda.set_sync_debug_mode("default")
    run.recorder.detach()
    steps = [record.step for record in run.records if isinstance(record, StepRecord)]
    assert steps == [0, 1, 2, 3]
    assert run.values("grad_norm")["bias", ""] == 2.0


def test_values_of_a_void_group_are_left_out_on_the_host() -> None:
    values = StepValues()
    void = values.new_group(void_if=torch.tensor(1.0))
    counts = values.new_group(void_if=torch.tensor(0.0))
    doubtful = values.new_group(is_doubtful=True)
    values.add_number(np.array([0], dtype=np.int32), 10.0)
    values.add(np.array([1], dtype=np.int32), torch.tensor([11.0]), void)
    values.add(np.array([2], dtype=np.int32), torch.tensor([12.0]), counts)
    values.add(np.array([3, 4], dtype=np.int32), torch.tensor([13.0, math.inf]), doubtful)
    record, was_skipped = values.send(0, 7, 1.5, Layout()).record()
    assert was_skipped
    assert dict(zip(record.series.tolist(), record.values.tolist(), strict=True)) == {0: 10.0, 2: 12.0}
