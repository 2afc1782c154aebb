"""Fault row 20: every kind of tensor as gradient and weight under every probe: a value or none, never an exception."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import nn
from watched_run import WatchedRun

from moduleview import probes as probes_package
from moduleview.probes.base import Measured, Probe, StepView
from moduleview.probes.plain_values import why_without_values
from moduleview.registry import discover

PROBES = {kind.quantity: kind for kind in discover(probes_package, Probe)}
STATISTICS = ("norm", "rms", "mean", "std", "max", "non_finite", "zero_share", "magnitudes")
OF_COMPLEX = ("norm", "rms", "non_finite", "zero_share")
NONE: tuple[str, ...] = ()
WITHOUT_ARITHMETIC = [torch.float4_e2m1fn_x2, torch.bits8, torch.uint4, torch.int2]


class ElsewhereTensor(torch.Tensor):
    """As libraries of quantisation have it: no memory of its own."""

    @staticmethod
    def __new__(cls) -> ElsewhereTensor:
        return torch.Tensor._make_wrapper_subclass(cls, (3, 2))

    @classmethod
    def __torch_dispatch__(
        cls, func: object, types: object, args: Sequence[object] = (), kwargs: object = None
    ) -> object:
        if func is torch.ops.aten.detach.default:
            return args[0]
        raise NotImplementedError(func)


class NamedTensor(torch.Tensor):
    """A subclass that is a tensor like others."""


def _given_back() -> torch.Tensor:
    tensor = torch.ones(3, 2)
    tensor.untyped_storage().resize_(0)
    return tensor


def _quantised() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.ones(3, 2), 0.1, 0, torch.qint8)


def _nested(layout: torch.layout) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)


KINDS: dict[str, tuple[Callable[[], torch.Tensor], tuple[str, ...]]] = {
    "float32": (lambda: torch.ones(3, 2), STATISTICS),
    "float64": (lambda: torch.ones(3, 2, dtype=torch.float64), STATISTICS),
    "float16": (lambda: torch.ones(3, 2, dtype=torch.float16), STATISTICS),
    "bfloat16": (lambda: torch.ones(3, 2, dtype=torch.bfloat16), STATISTICS),
    **{
        str(dtype).removeprefix("torch."): (lambda dtype=dtype: torch.ones(3, 2).to(dtype), STATISTICS)
        for dtype in (
            torch.float8_e4m3fn,
            torch.float8_e4m3fnuz,
            torch.float8_e5m2,
            torch.float8_e5m2fnuz,
            torch.float8_e8m0fnu,
            torch.int8,
            torch.uint8,
            torch.int16,
            torch.uint16,
            torch.int32,
            torch.uint32,
            torch.int64,
            torch.uint64,
            torch.bool,
        )
    },
    **{
        str(dtype).removeprefix("torch."): (lambda dtype=dtype: torch.empty(3, 2, dtype=dtype), NONE)
        for dtype in WITHOUT_ARITHMETIC
    },
    "complex64": (lambda: torch.ones(3, 2) * 1j, OF_COMPLEX),
    "complex128": (lambda: torch.ones(3, 2, dtype=torch.complex128), OF_COMPLEX),
    "conjugated": (lambda: (torch.ones(3, 2) * 1j).conj(), OF_COMPLEX),
    "sparse": (lambda: torch.eye(3).to_sparse(), STATISTICS),
    "sparse, nothing stored": (lambda: torch.zeros(3, 2).to_sparse(), STATISTICS),
    "sparse complex": (lambda: (torch.eye(3) * 1j).to_sparse(), OF_COMPLEX),
    "quantised": (_quantised, NONE),
    "nested": (lambda: _nested(torch.strided), NONE),
    "jagged": (lambda: _nested(torch.jagged), NONE),
    "meta": (lambda: torch.ones(3, 2, device="meta"), NONE),
    "empty": (lambda: torch.ones(0, 2), NONE),
    "memory given back": (_given_back, NONE),
    "subclass": (lambda: torch.ones(3, 2).as_subclass(NamedTensor), STATISTICS),
    "subclass without memory": (ElsewhereTensor, NONE),
}


class Parameter:
    """What probes look at of a parameter: some kinds are refused as ``p.grad``, which libraries get around."""

    def __init__(self, weight: torch.Tensor, grad: torch.Tensor | None) -> None:
        self._weight, self.grad = weight, grad
        self.requires_grad = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._weight, name)

    def detach(self) -> torch.Tensor:
        return self._weight


def measured(quantity: str, view: StepView) -> list[Measured]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(PROBES[quantity]().measure(view))


def every_statistic(of: str) -> list[str]:
    return [f"{of}_{statistic}" for statistic in STATISTICS]


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_of_any_kind_has_its_statistics_or_none(kind: str) -> None:
    make, applicable = KINDS[kind]
    neighbour = nn.Parameter(torch.zeros(2))
    neighbour.grad = torch.ones(2)
    for statistic in STATISTICS:
        view = StepView(0, {"odd": Parameter(torch.ones(2), make()), "plain": neighbour}, wanted=frozenset(PROBES))
        names = {fqn for one in measured(f"grad_{statistic}", view) for fqn in one.fqns}
        assert names == ({"odd", "plain"} if statistic in applicable else {"plain"}), statistic


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_any_kind_has_its_statistics_or_none(kind: str) -> None:
    make, applicable = KINDS[kind]
    for statistic in STATISTICS:
        view = StepView(0, {"odd": Parameter(make(), None), "plain": nn.Parameter(torch.ones(2))})
        names = {fqn for one in measured(f"weight_{statistic}", view) for fqn in one.fqns}
        assert names == ({"odd", "plain"} if statistic in applicable else {"plain"}), statistic


@pytest.mark.parametrize(
    "kind", [kind for kind, (_, applicable) in KINDS.items() if applicable is STATISTICS and "sparse" not in kind]
)
@pytest.mark.parametrize("quantity", ["grad_snr", "grad_cosine"])
def test_gradients_of_any_real_kind_are_followed_over_steps(quantity: str, kind: str) -> None:
    probe = PROBES[quantity]()
    n_steps = 33
    found = []
    for step in range(n_steps):
        view = StepView(step, {"odd": Parameter(torch.ones(2), KINDS[kind][0]())})
        found += [fqn for one in probe.measure(view) for fqn in one.fqns]
    assert found == ["odd"] * (n_steps - 1 if quantity == "grad_cosine" else 1)


@pytest.mark.parametrize("kind", [kind for kind, (_, applicable) in KINDS.items() if not applicable])
def test_what_has_no_statistics_says_why(kind: str) -> None:
    reason = why_without_values(KINDS[kind][0]())
    assert reason.endswith(".")
    words = {"quantised": "quantised", "meta": "meta", "empty": "no elements", "memory given back": "given back"}
    words |= {"nested": "nested", "jagged": "nested", "subclass without memory": "ElsewhereTensor"}
    assert words.get(kind, kind) in reason


@pytest.mark.parametrize("kind", [kind for kind, (_, applicable) in KINDS.items() if applicable])
def test_what_has_statistics_has_no_reason_against_them(kind: str) -> None:
    assert why_without_values(KINDS[kind][0]()) == ""


def test_a_lazy_parameter_takes_part_once_it_has_its_shape(watch: Callable[..., WatchedRun]) -> None:
    lazy = nn.Sequential(nn.Linear(3, 4), nn.LazyLinear(2))
    assert "first input" in why_without_values(lazy[1].weight)
    run = watch(lazy)
    run.raw_step(lambda: None)
    assert set(run.values("weight_norm")) == {("0.weight", ""), ("0.bias", "")}
    run.step(lambda: lazy(torch.ones(1, 3)).sum())
    while run.n_steps <= 10:
        run.step(lambda: lazy(torch.ones(1, 3)).sum())
    assert ("1.weight", "") in run.values("weight_norm")
    assert not [line for line in run.log() if "switched off" in line]


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float64, torch.bfloat16])
def test_a_model_of_another_type_trains_under_all_probes(dtype: torch.dtype, watch: Callable[..., WatchedRun]) -> None:
    run = watch(nn.Linear(3, 2, dtype=dtype))
    for _ in range(34):
        run.step(lambda: run.model(torch.ones(1, 3, dtype=dtype)).abs().sum())
    assert not [line for line in run.log() if "switched off" in line]
    applicable = {statistic for statistic in STATISTICS[:-3] if run.values(f"grad_{statistic}")}
    assert applicable == ({"norm", "rms"} if dtype.is_complex else set(STATISTICS[:-3]))
