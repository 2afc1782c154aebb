"""The measured change of a weight over what it was."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

import moduleview
from moduleview.probes import weight_change
from moduleview.probes.base import StepView
from moduleview.probes.update_ratio import UpdateRatio


def measured(probe: UpdateRatio, model: nn.Module, step: int, update: Callable[[], None]) -> dict[str, float]:
    """Update ratios by name in one step, and the change's norms under "name:change"."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        probe.before_update(StepView(step, parameters))
        update()
        found: dict[str, float] = {}
        for one in probe.measure(StepView(step, parameters)):
            mark = ":change" if one.quantity else ""
            found |= {f"{fqn}{mark}": value for fqn, value in zip(one.fqns, one.values.tolist(), strict=True)}
    return found


def by_hand(before: torch.Tensor, after: torch.Tensor) -> float:
    return ((after.double() - before.double()).norm() / before.double().norm()).item()


@pytest.mark.parametrize("n", [1, 7, 4096, 4097, 65_536, 65_537, 200_003])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_the_ratio_is_that_computed_by_hand(n: int, dtype: torch.dtype) -> None:
    torch.manual_seed(n)
    model = nn.ParameterDict({"w": nn.Parameter(torch.randn(n, dtype=torch.float64).to(dtype))})
    probe = UpdateRatio()
    for step in range(3):
        before = model["w"].detach().clone()
        change = (torch.randn(n) * 1e-2).to(dtype)
        found = measured(probe, model, step, lambda change=change: model["w"].add_(change))
        assert found["w"] == pytest.approx(by_hand(before, model["w"]), rel=1e-6)


@pytest.mark.parametrize("shape", ["transposed", "channels last", "expanded away"])
def test_it_is_right_for_weights_that_do_not_lie_in_order(shape: str) -> None:
    torch.manual_seed(0)
    values = torch.randn(8, 4, 6, 6)
    if shape == "transposed":
        values = values.transpose(0, 3)
    elif shape == "channels last":
        values = values.to(memory_format=torch.channels_last)
    else:
        values = values[::2]
    model = nn.ParameterDict({"w": nn.Parameter(values)})
    probe = UpdateRatio()
    before = values.clone()
    change = torch.randn(values.shape)
    found = measured(probe, model, 0, lambda: model["w"].add_(change))
    assert found["w"] == pytest.approx(by_hand(before, before + change), rel=1e-6)


def test_weights_that_change_between_two_steps_are_not_the_steps_doing() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    probe = UpdateRatio()
    measured(probe, model, 0, lambda: None)
    with torch.no_grad():
        model.weight.fill_(100.0)  # as load_state_dict does
    assert measured(probe, model, 1, lambda: model.weight.add_(1.0))["weight"] == pytest.approx(0.01)


def test_an_optimizer_that_writes_through_data_is_measured_whether_or_not_steps_were_left_out() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    probe = UpdateRatio()

    def update() -> None:
        model.weight.data.add_(1.0)

    assert measured(probe, model, 0, update)["weight"] == pytest.approx(1.0)
    assert measured(probe, model, 1, update)["weight"] == pytest.approx(0.5)
    for _ in range(5):
        update()  # steps 2 to 6, not measured
    assert measured(probe, model, 7, update)["weight:change"] == pytest.approx(1.0)


def test_a_weight_of_zero_has_an_infinite_ratio_when_it_moves_and_none_when_it_does_not() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    probe = UpdateRatio()
    assert measured(probe, model, 0, lambda: None)["weight"] == 0.0
    assert measured(probe, model, 1, lambda: model.weight.add_(1.0))["weight"] == math.inf
    assert math.isnan(measured(probe, model, 2, lambda: model.weight.fill_(math.nan))["weight"])


def test_a_tiny_change_of_a_large_weight_is_not_lost() -> None:
    model = nn.ParameterDict({"w": nn.Parameter(torch.full((100_000,), 1e-20))})
    found = measured(UpdateRatio(), model, 0, lambda: model["w"].add_(1e-25))
    assert found["w"] == pytest.approx(1e-5, rel=1e-2)  # as far as float32 holds 1e-20 + 1e-25
    assert found["w:change"] > 0.0


def test_above_fifty_million_it_is_estimated_from_a_sample_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_change, "MAX_EXACT", 100_000)
    torch.manual_seed(0)
    model = nn.ParameterDict({"w": nn.Parameter(torch.randn(400_000))})
    probe, before = UpdateRatio(), model["w"].detach().clone()
    change = torch.randn(400_000) * 1e-3
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        probe.before_update(StepView(0, parameters))
        model["w"].add_(change)
        ratio, norm = probe.measure(StepView(0, parameters))
    assert ratio.is_sampled
    assert norm.is_sampled
    assert ratio.values.item() == pytest.approx(by_hand(before, before + change), rel=0.05)
    assert norm.values.item() == pytest.approx(change.norm().item(), rel=0.05)


def test_what_is_kept_is_let_go() -> None:
    model = nn.Linear(64, 64)
    probe = UpdateRatio()
    measured(probe, model, 0, lambda: None)
    assert probe._change._kept
    probe.forget()
    assert not probe._change._kept


def test_frozen_and_new_weights_have_no_change() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    probe = UpdateRatio()
    assert set(measured(probe, model, 0, lambda: None)) == {
        f"1.{name}{mark}" for name in ("weight", "bias") for mark in ("", ":change")
    }
    model[0].requires_grad_(True)
    assert "0.weight" in measured(probe, model, 1, lambda: None)


class TestSkippedSteps:
    """What mixed precision left out has moved nothing."""

    @staticmethod
    def ratios(overflows: set[int], every: int) -> dict[int, float]:
        model = nn.Linear(1, 1, bias=False)
        nn.init.ones_(model.weight)
        optimizer, scaler = torch.optim.SGD(model.parameters(), lr=1.0), torch.amp.GradScaler("cpu", init_scale=8.0)
        with moduleview.watch(model, optimizer, every=every) as w:
            for step in range(7):
                optimizer.zero_grad()
                scaler.scale(model(torch.full((1, 1), math.inf if step in overflows else -1.0)).sum()).backward()
                scaler.step(optimizer)
                scaler.update()
            steps, ratios = w.series("update_ratio", "weight")
        return dict(zip(steps.tolist(), ratios.tolist(), strict=True))

    def test_the_first_one_is_measured_as_any_other(self) -> None:
        expected = {0: 0.0, 1: 1.0, 2: 1 / 2, 3: 1 / 3, 4: 0.0, 5: 1 / 4, 6: 1 / 5}
        assert self.ratios({0, 4}, every=1) == pytest.approx(expected, rel=1e-6)

    def test_one_is_not_blamed_for_the_steps_before_it_that_were_not_measured(self) -> None:
        assert self.ratios({3}, every=3) == pytest.approx({0: 1.0, 3: 0.0, 6: 1 / 6}, rel=1e-6)
