"""Fault row 59: what was measured is what is read, bit for bit, whatever float32 can hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import moduleview
from builders import add_steps, declare_gradients, opened_store

ODD = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, 1.1754942e-38, 3.4028235e38, -3.4028235e38)


def bits(values: object) -> bytes:
    return np.asarray(values, dtype=np.float32).tobytes()


@pytest.mark.parametrize("value", ODD, ids=str)
def test_an_odd_value_is_read_as_it_was_said(value: float) -> None:
    store = opened_store()
    key = declare_gradients(store)[0]
    rows = np.ones((3, 1), dtype=np.float32)
    rows[1] = value
    add_steps(store, rows)
    steps, values = store.tail(key, 10)
    assert steps.tolist() == [0, 1, 2]
    assert bits(values) == bits(rows[:, 0])
    matrix = store.matrix((key,), 10)
    assert matrix.measured[:, 0].all(), "measured and NaN is not the same as not measured"
    assert bits(matrix.values[:, 0]) == bits(rows[:, 0])


@given(st.lists(st.floats(width=32, allow_nan=False).filter(lambda value: value != -1.0), min_size=1, max_size=20))
def test_any_floats_are_read_as_they_were_said(numbers: list[float]) -> None:
    store = opened_store()
    key = declare_gradients(store)[0]
    add_steps(store, np.asarray(numbers, dtype=np.float32)[:, None])
    assert bits(store.tail(key, len(numbers))[1]) == bits(numbers)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e-45, -0.0, 1e30])
def test_an_odd_gradient_is_measured_as_it_is(value: float) -> None:
    """From the tensor to what is read; a largest magnitude has no sign."""
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        model.weight.grad = torch.full((1, 1), value)
        optimizer.step()
        for quantity in ("grad_norm", "grad_max"):
            assert w.series(quantity, "weight")[1].tolist() == pytest.approx([abs(value)], rel=1e-6, nan_ok=True)
        assert w.series("grad_mean", "weight")[1].tolist() == pytest.approx([value], rel=1e-6, nan_ok=True)
        n_bad = 0.0 if math.isfinite(value) else 1.0
        assert w.series("grad_non_finite", "weight")[1].tolist() == [n_bad]


def test_a_loss_beyond_float32_is_infinite_there_and_nothing_raises() -> None:
    model = nn.Linear(1, 1, bias=False).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        (
            1e308 * model(torch.ones(1, 1, dtype=torch.float64)).square().sum() / model.weight.detach() ** 2
        ).sum().backward()
        optimizer.step()
        assert w.series("loss")[1].tolist() == [math.inf]
        assert w.log == ()
