"""The copy of the weights: odd kinds of weights, and what becomes of it when the model changes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from moduleview.probes import weight_change
from moduleview.probes.weight_change import WeightChange


def change_of(weight: torch.Tensor, by: torch.Tensor) -> tuple[float, float]:
    """(norm of the change, norm before it) of one step."""
    parameter, kept = nn.Parameter(weight.clone()), WeightChange()
    kept.keep({"w": parameter}, 0)
    with torch.no_grad():
        parameter += by
    (change,) = kept.take({"w": parameter}, 0)
    return float(change.change[0]), float(change.before[0])


@pytest.mark.parametrize("most", [10, 10**9], ids=["sampled", "exact"])
@pytest.mark.parametrize("n", [64, 20_000])
def test_a_complex_weight_moves_by_its_absolute_value(n: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_change, "MAX_EXACT", most)
    change, before = change_of(torch.full((n,), 3 + 4j), torch.full((n,), 0.75 - 1j))
    assert change == pytest.approx(1.25 * math.sqrt(n), rel=1e-6)
    assert before == pytest.approx(5 * math.sqrt(n), rel=1e-6)


def test_a_weight_that_repeats_its_elements_counts_each_of_them() -> None:
    parameter, kept = nn.Parameter(torch.tensor([3.0, 4.0]).expand(50, 2)), WeightChange()
    kept.keep({"w": parameter}, 0)
    parameter.data = torch.tensor([3.0, 5.0]).expand(50, 2)
    (change,) = kept.take({"w": parameter}, 0)
    assert float(change.before[0]) == pytest.approx(5 * math.sqrt(50))
    assert float(change.change[0]) == pytest.approx(math.sqrt(50))


@pytest.mark.parametrize("n", [10, 70_000])
def test_doubles_beyond_float32_move_by_an_infinite_amount_without_a_warning(n: int) -> None:
    change, before = change_of(
        torch.full((n,), 1e300, dtype=torch.float64), torch.full((n,), 1e300, dtype=torch.float64)
    )
    assert (change, before) == (math.inf, math.inf)


def test_the_copy_of_a_weight_that_the_model_has_no_more_is_let_go() -> None:
    kept = WeightChange()
    both = {"a": nn.Parameter(torch.ones(3)), "b": nn.Parameter(torch.ones(3))}
    for step, parameters in enumerate([both, both, {"b": both["b"]}]):
        kept.keep(parameters, step)
        list(kept.take(parameters, step))
    assert kept._kept.keys() == kept._identities.keys() == {"b"}


def test_a_weight_that_comes_back_to_the_model_is_compared_with_what_it_is_then() -> None:
    kept = WeightChange()
    weight = nn.Parameter(torch.ones(3))
    for step, parameters in enumerate([{"w": weight}, {}, {}]):
        kept.keep(parameters, step)
        list(kept.take(parameters, step))
    with torch.no_grad():
        weight.fill_(10.0)
    kept.keep({"w": weight}, 3)
    with torch.no_grad():
        weight += 1.0
    (change,) = kept.take({"w": weight}, 3)
    assert float(change.change[0]) == pytest.approx(math.sqrt(3))
    assert float(change.before[0]) == pytest.approx(10 * math.sqrt(3))


def test_after_steps_without_measuring_the_same_memory_holds_the_copy() -> None:
    kept = WeightChange()
    weight = nn.Parameter(torch.ones(3))
    kept.keep({"w": weight}, 0)
    list(kept.take({"w": weight}, 0))
    place = kept._kept["w"].data_ptr()
    with torch.no_grad():
        weight.fill_(5.0)
    kept.keep({"w": weight}, 10)
    assert kept._kept["w"].data_ptr() == place
    assert kept._kept["w"].tolist() == [5.0, 5.0, 5.0]
