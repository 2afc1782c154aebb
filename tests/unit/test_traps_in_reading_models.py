"""A model changes, or raises, when it is read in the way that comes first to mind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from watched_run import Watch, digest

from moduleview import inspect
from moduleview.telemetry.hooks import MODULE_KINDS, HookKind, HookStatus


def test_reading_a_weight_by_its_name_moves_a_spectral_norm_and_ours_does_not(watch: Watch) -> None:
    """Fault row 21."""
    model = nn.Sequential(parametrizations.spectral_norm(nn.Linear(5, 5)))
    before = digest(model)
    _ = model[0].weight
    assert digest(model) != before

    before = digest(model)
    inspect(model)
    run = watch(model)
    for kind in MODULE_KINDS:
        run.tick(kind, *(fqn for fqn, _ in model.named_modules()))
    run.tick(HookKind.TENSOR, *(fqn for fqn, _ in model.named_parameters()))
    run.recorder.begin_step(0)
    run.recorder.end_step(0, 0.0, None)
    run.recorder.detach()
    assert digest(model) == before


def test_weight_that_is_computed_anew_has_no_gradient_and_ours_measures_what_it_is_computed_from(watch: Watch) -> None:
    """Of a parametrised ``weight`` each reading is another tensor; what is trained are ``original0`` and ``1``."""
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 2)))
    fired: list[int] = []
    model[0].weight.register_hook(lambda _: fired.append(1))
    x = torch.randn(4, 3)
    model(x).square().sum().backward()
    assert fired == []
    assert "0.weight" not in dict(model.named_parameters())

    computed: list[int] = []
    model[0].parametrizations.weight[0].register_forward_hook(lambda *_: computed.append(1))
    names = [f"0.parametrizations.weight.original{index}" for index in (0, 1)]
    run = watch(model)
    inspect(model)
    run.tick(HookKind.TENSOR, *names)
    assert computed == [], "it was computed for somebody who only looked"
    run.step(lambda: model(x).square().sum())
    assert computed == [1]
    originals = model[0].parametrizations.weight
    for name, parameter in zip(names, (originals.original0, originals.original1), strict=True):
        expected = parameter.grad.double()
        assert run.values("grad_norm")[name, ""] == pytest.approx(expected.norm().item(), rel=1e-6)
        assert run.values("tensor.max")[name, ""] == pytest.approx(expected.abs().max().item(), rel=1e-6)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # the old weight_norm says that it is old
def test_clearing_all_hooks_destroys_a_pruned_model_and_ours_takes_off_its_own(watch: Watch) -> None:
    """Fault row 22: the old weight_norm and pruning compute the weight in a forward-pre hook."""

    def make() -> nn.Sequential:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        prune.l1_unstructured(model[0], "weight", amount=0.5)
        nn.utils.weight_norm(model[1])
        return model

    x = torch.ones(2, 3, requires_grad=True)
    naive = make()
    before = naive(x)
    with torch.no_grad():
        naive[0].weight_orig.mul_(2.0)
    for module in naive.modules():
        module._forward_pre_hooks.clear()
    assert torch.equal(naive(x), before), "the weight no longer follows what is trained"

    model = make()
    run = watch(model)
    for kind in MODULE_KINDS:
        run.tick(kind, *(fqn for fqn, _ in model.named_modules()))
    run.tick(HookKind.TENSOR, "0.weight_orig", "1.weight_g")
    for _ in range(2):
        run.step(lambda: model(x).square().sum())
    run.recorder.detach()
    before = model(x)
    with torch.no_grad():
        model[0].weight_orig.mul_(2.0)
    assert not torch.equal(model(x), before)
    assert torch.count_nonzero(model[0].weight) <= 5


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_lazy_parameter_raises_at_every_question_and_ours_waits_for_its_first_input(watch: Watch) -> None:
    """Fault row 20."""
    model = nn.Sequential(nn.LazyLinear(2), nn.Linear(2, 1))
    weight = model[0].weight
    for ask in (lambda: weight.shape, lambda: weight.numel(), lambda: weight.norm(), lambda: weight.detach().sum()):
        with pytest.raises((RuntimeError, ValueError)):
            ask()
    run = watch(model)
    run.optimizer = None
    run.tick(HookKind.TENSOR, "0.weight")
    run.tick(HookKind.FORWARD, "0")
    assert run.entry("0.weight", HookKind.TENSOR).status is HookStatus.CANNOT_FIRE
    assert "first input" in run.entry("0.weight", HookKind.TENSOR).reason
    for _ in range(2):
        run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.entry("0.weight", HookKind.TENSOR).status is HookStatus.ACTIVE
    assert set(run.values("tensor.mean")) == {("0.weight", "")}
    assert run.log() == []


def quantised() -> torch.Tensor:
    return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


def nested() -> torch.Tensor:
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])


def float4() -> torch.Tensor:
    return torch.zeros(3, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)


ODD: dict[str, tuple[Callable[[], torch.Tensor], tuple[float, float] | None]] = {
    "sparse": (lambda: torch.tensor([3.0, 0.0, -4.0]).to_sparse(), (-0.5, 4.0)),  # of what it stores
    "sparse, twice the same place": (
        lambda: torch.sparse_coo_tensor([[1, 1]], [1.0, 4.0], (3,), check_invariants=True),
        (5.0, 5.0),
    ),
    "sparse rows": (lambda: torch.tensor([[3.0, 0.0], [0.0, -4.0]]).to_sparse_csr(), (-0.5, 4.0)),
    "float8": (lambda: torch.tensor([3.0, -4.0]).to(torch.float8_e4m3fn), (-0.5, 4.0)),
    "float8, large": (lambda: torch.tensor([3.0, -4.0]).to(torch.float8_e5m2), (-0.5, 4.0)),
    "float4": (float4, None),
    "float16, beyond its square": (lambda: torch.tensor([3e4, -4e4], dtype=torch.float16), (-5e3, 4e4)),
    "bfloat16": (lambda: torch.tensor([3.0, -4.0], dtype=torch.bfloat16), (-0.5, 4.0)),
    "float64": (lambda: torch.tensor([3.0, -4.0], dtype=torch.float64), (-0.5, 4.0)),
    "complex": (lambda: torch.tensor([3.0 + 4.0j]), None),
    "complex, conjugated": (lambda: torch.tensor([3.0 + 4.0j]).conj(), None),
    "int": (lambda: torch.tensor([3, -4]), (-0.5, 4.0)),
    "bool": (lambda: torch.tensor([True, False]), (0.5, 1.0)),
    "uint16": (lambda: torch.tensor([3, 4], dtype=torch.uint16), (3.5, 4.0)),
    "uint64": (lambda: torch.tensor([3, 4], dtype=torch.uint64), (3.5, 4.0)),
    "quantised": (quantised, None),
    "nested": (nested, None),
    "meta": (lambda: torch.ones(3, device="meta"), None),
    "empty": (lambda: torch.zeros(0), None),
}


class Gives(nn.Module):
    """Returns something odd."""

    def __init__(self, make: Callable[[], torch.Tensor]) -> None:
        super().__init__()
        self.make = make

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.make()


@pytest.mark.filterwarnings("ignore:Sparse CSR", "ignore:The PyTorch API of nested", "ignore:.*quantiz.*")
@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("make", "expected"), ODD.values(), ids=ODD)
def test_every_type_has_its_numbers_or_none_and_never_raises(
    watch: Watch, make: Callable[[], torch.Tensor], expected: tuple[float, float] | None
) -> None:
    """Fault row 20: mean and largest magnitude of what a module returns."""
    model = nn.Sequential(nn.Linear(3, 1), Gives(make))
    run = watch(model)
    for kind in (HookKind.FORWARD, HookKind.BACKWARD):
        run.tick(kind, "1")

    def loss() -> torch.Tensor:
        hidden = model[0](torch.ones(1, 3))
        model[1](hidden)
        return hidden.sum()

    run.step(loss)
    assert all(entry.status is not HookStatus.FAILED for entry in run.entries())
    seen = run.values("forward.mean"), run.values("forward.max")
    if expected is None:
        assert seen == ({}, {})
    else:
        assert tuple(values["1", ""] for values in seen) == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore:Sparse CSR", "ignore:The PyTorch API of nested", "ignore:.*quantiz.*")
@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(
    "naive",
    [
        lambda t: t.float().abs().max().item(),
        lambda t: t.mean().item(),
        lambda t: torch.linalg.vector_norm(t).item(),
        lambda t: torch.histc(t).tolist(),
        lambda t: t.detach().numpy(),
    ],
    ids=["abs max", "mean", "vector_norm", "histc", "numpy"],
)
def test_every_reduction_raises_for_some_of_them(naive: Callable[[torch.Tensor], object]) -> None:
    """Fault row 20, the naive way."""
    raised = []
    for name, (make, _) in ODD.items():
        try:
            naive(make())
        except Exception:
            raised.append(name)
    assert len(raised) >= 3
