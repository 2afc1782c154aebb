"""One step, several values of the same gradient: what hooks see, and each station against float64 by hand."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler

import moduleview

RELATIVE = 1e-6
SCALE = 1024.0
NAMES = ("0.weight", "0.bias", "2.weight", "2.bias")


@dataclass(frozen=True)
class Loop:
    """A training loop; ``clip`` changes gradients just before the step."""

    is_fused: bool = False
    is_scaled: bool = False
    unscales: bool = False
    n_micro: int = 1
    clip: str = ""

    def __str__(self) -> str:
        words = ("fused" * self.is_fused, "scaled" * self.is_scaled, "unscaled" * self.unscales, self.clip)
        return " ".join((*filter(None, words), f"{self.n_micro} passes"))


@dataclass
class ByHand:
    """What must be measured, in float64, by parameter."""

    micro: list[dict[str, float]] = field(default_factory=list)
    accumulated: list[dict[str, float]] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)
    update: dict[str, float] = field(default_factory=dict)
    ratio: dict[str, float] = field(default_factory=dict)


def make_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 2)).double()


def batches(n: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(5, 6, generator=generator, dtype=torch.float64) for _ in range(n)]


def norms(tensors: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: math.sqrt(math.fsum((tensor.double() ** 2).flatten().tolist())) for name, tensor in tensors.items()}


def by_hand(model: nn.Module, loop: Loop) -> ByHand:
    """From autograd's functional gradients, summed and clipped by their formulas."""
    found, parameters = ByHand(), dict(model.named_parameters())
    total = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    for x in batches(loop.n_micro):
        gradients = torch.autograd.grad(model(x).square().sum(), list(parameters.values()))
        micro = dict(zip(parameters, gradients, strict=True))
        total = {name: total[name] + micro[name] for name in total}
        found.micro.append(norms(micro))
        found.accumulated.append(norms(total))
    if loop.clip == "norm":
        whole = math.sqrt(math.fsum(norm**2 for norm in norms(total).values()))
        total = {name: gradient * min(1.0, 0.5 / (whole + 1e-6)) for name, gradient in total.items()}
    elif loop.clip == "value":
        total = {name: gradient.clamp(-0.1, 0.1) for name, gradient in total.items()}
    found.used = norms(total)
    return found


def train(model: nn.Module, optimizer: torch.optim.Optimizer, scaler: GradScaler, loop: Loop) -> None:
    optimizer.zero_grad()
    for x in batches(loop.n_micro):
        scaler.scale(model(x).square().sum()).backward()
    if loop.unscales:
        scaler.unscale_(optimizer)
    if loop.clip == "norm":
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    elif loop.clip == "value":
        nn.utils.clip_grad_value_(model.parameters(), 0.1)
    scaler.step(optimizer)
    scaler.update()


LOOPS = [
    Loop(is_fused=is_fused, is_scaled=is_scaled, unscales=unscales, n_micro=n_micro, clip=clip)
    for is_fused, is_scaled, unscales, n_micro, clip in itertools.product(
        (False, True), (False, True), (False, True), (1, 3), ("", "norm", "value")
    )
    if (unscales or not (is_scaled and clip)) and (is_scaled or not unscales)  # who clips scaled gradients is wrong
]


@pytest.mark.parametrize("loop", LOOPS, ids=str)
def test_every_station_is_what_it_is_by_hand(loop: Loop) -> None:
    """Fault row 16, and the table of facts, row by row."""
    model = make_model()
    expected = by_hand(copy.deepcopy(model), loop)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=loop.is_fused)
    scaler = GradScaler("cpu", init_scale=SCALE, enabled=loop.is_scaled)
    with moduleview.watch(model, optimizer) as w:
        train(model, optimizer, scaler, loop)
        scale = SCALE if loop.is_scaled else 1.0
        changed = {name: parameter.detach() - before[name] for name, parameter in model.named_parameters()}
        expected.update = norms(changed)
        expected.ratio = {name: norm / norms(before)[name] for name, norm in expected.update.items()}
        last, passes = loop.n_micro - 1, [("", f"pass {number}")[number > 0] for number in range(loop.n_micro)]

        def measured(quantity: str, part: str = "") -> dict[str, float]:
            return {name: w.series(quantity, name, part=part)[1].item() for name in NAMES}

        def times(factor: float, values: dict[str, float]) -> object:
            return pytest.approx({name: factor * value for name, value in values.items()}, rel=RELATIVE)

        for number, part in enumerate(passes):
            assert measured("micro_grad_norm", part) == times(scale, expected.micro[number])
        for number in range(last):
            assert measured("accumulated_grad_norm", f"pass {number}") == times(scale, expected.accumulated[number])
        assert measured("accumulated_grad_norm") == times(scale, expected.accumulated[last])
        assert measured("reduced_grad_norm") == times(scale, expected.accumulated[last])
        assert measured("local_grad_norm") == times(1.0, expected.accumulated[last])
        assert measured("grad_norm") == times(1.0, expected.used)
        assert measured("update_norm") == times(1.0, expected.update)
        assert measured("update_ratio") == times(1.0, expected.ratio)
        if loop.is_scaled:
            assert measured("unscaled_grad_norm") == times(1.0, expected.accumulated[last])
        assert w.log == ()


Weight = tuple[nn.Module, Callable[[], torch.Tensor]]


class SeenByHooks:
    """What naive hooks take for the gradient of one weight."""

    def __init__(self, parameter: nn.Parameter, optimizer: torch.optim.Optimizer) -> None:
        self.tensor: list[float] = []
        self.accumulated: list[float] = []
        self.before_step: list[float] = []
        parameter.register_hook(lambda gradient: self.tensor.append(gradient.norm().item()))
        parameter.register_post_accumulate_grad_hook(lambda p: self.accumulated.append(p.grad.norm().item()))
        optimizer.register_step_pre_hook(lambda *_: self.before_step.append(parameter.grad.norm().item()))


@pytest.fixture
def weight() -> Weight:
    """A model with one weight of four elements, and a loss whose gradient has the norm 4."""
    model = nn.Linear(4, 1, bias=False)
    return model, lambda: model(torch.full((1, 4), 2.0)).sum()


@pytest.mark.parametrize("is_fused", [False, True])
def test_hooks_see_scaled_gradients_and_before_a_fused_step_everybody_does(weight: Weight, is_fused: bool) -> None:
    model, loss = weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, fused=is_fused)
    scaler, naive = GradScaler("cpu", init_scale=SCALE), SeenByHooks(model.weight, optimizer)
    with moduleview.watch(model, optimizer) as w:
        scaler.scale(loss()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert (naive.tensor, naive.accumulated) == ([4096.0], [4096.0])
        assert naive.before_step == [4096.0 if is_fused else 4.0]
        assert w.series("grad_norm", "weight")[1].tolist() == [4.0]


def test_hooks_see_a_gradient_that_grows_with_each_micro_batch(weight: Weight) -> None:
    """Fault row 16."""
    model, loss = weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    naive = SeenByHooks(model.weight, optimizer)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(3):
            loss().backward()
        optimizer.step()
        assert (naive.tensor, naive.accumulated, naive.before_step) == ([4.0] * 3, [4.0, 8.0, 12.0], [12.0])
        assert w.series("grad_norm", "weight")[1].tolist() == [12.0]
        assert w.series("micro_grad_norm", "weight", part="pass 2")[1].tolist() == [4.0]


@pytest.mark.parametrize("is_fused", [False, True])
def test_step_that_mixed_precision_skips_calls_no_hook_and_is_said(weight: Weight, is_fused: bool) -> None:
    """Fault row 15."""
    model, loss = weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=is_fused)
    scaler, naive = GradScaler("cpu", init_scale=SCALE), SeenByHooks(model.weight, optimizer)
    before = model.weight.detach().clone()
    with moduleview.watch(model, optimizer) as w:
        for factor in (math.inf, 1.0):
            optimizer.zero_grad()
            scaler.scale(factor * loss()).backward()
            scaler.step(optimizer)
            scaler.update()
            if math.isinf(factor):
                assert len(naive.accumulated) == 1
                assert len(naive.before_step) == (1 if is_fused else 0), "a fused one is called, and skips within"
                assert torch.equal(model.weight, before)
        assert w.n_steps == 2, "the boundary is reached all the same"
        assert w.series("grad_norm", "weight")[0].tolist() == [1]
        (skipped,) = w.store.skipped_steps
        assert skipped.step == 0
        assert not torch.equal(model.weight, before)


def test_after_zero_grad_there_is_nothing_left_to_read(weight: Weight) -> None:
    model, loss = weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        loss().backward()
        optimizer.step()
        optimizer.zero_grad()
        assert model.weight.grad is None
        assert w.series("grad_norm", "weight")[1].tolist() == [4.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_norm_of_a_half_precision_gradient_does_not_overflow(dtype: torch.dtype) -> None:
    model = nn.Linear(300, 1, bias=False).to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        model(torch.full((1, 300), 1000.0, dtype=dtype)).sum().backward()
        optimizer.step()
        assert torch.full((300,), 1000.0, dtype=torch.float16).square().sum().sqrt().isinf()
        expected = math.sqrt(300) * model.weight.grad.double()[0, 0].item()
        assert w.series("grad_norm", "weight")[1].item() == pytest.approx(expected, rel=1e-3)


def test_gradients_under_autocast_are_those_of_the_step_to_half_precision() -> None:
    model = make_model().float()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(batches(1)[0].float()).square().sum()
        loss.backward()
        optimizer.step()
        gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
        measured = {name: w.series("grad_norm", name)[1].item() for name in NAMES}
        assert measured == pytest.approx(norms(gradients), rel=1e-3)


@pytest.mark.parametrize("is_scaled", [False, True])
@pytest.mark.parametrize("n_micro", [1, 3])
@pytest.mark.parametrize("clip", ["", "norm"])
def test_two_optimizers_after_one_backward_both_have_their_stations(is_scaled: bool, n_micro: int, clip: str) -> None:
    """As with Muon for the matrices and AdamW for the rest; the second one's gradients are no later pass's."""
    loop, model = Loop(is_scaled=is_scaled, unscales=is_scaled, n_micro=n_micro, clip=clip), make_model()
    expected = by_hand(copy.deepcopy(model), loop)
    optimizers = [torch.optim.SGD(model[0].parameters(), lr=0.1), torch.optim.SGD(model[2].parameters(), lr=0.1)]
    scaler = GradScaler("cpu", init_scale=SCALE, enabled=is_scaled)
    with moduleview.watch(model, optimizers[1]) as w:
        for _ in range(2):
            model.load_state_dict(make_model().state_dict())
            model.zero_grad()
            for x in batches(n_micro):
                scaler.scale(model(x).square().sum()).backward()
            for optimizer in optimizers if is_scaled else ():
                scaler.unscale_(optimizer)
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            for optimizer in optimizers:
                scaler.step(optimizer)
            scaler.update()
        scale = SCALE if is_scaled else 1.0
        wanted = {
            "local_grad_norm": expected.accumulated[-1],
            "grad_norm": expected.used,
            "reduced_grad_norm": {name: scale * norm for name, norm in expected.accumulated[-1].items()},
            "micro_grad_norm": {name: scale * norm for name, norm in expected.micro[0].items()},
        }
        for quantity, norms_by_hand in wanted.items():
            for name in NAMES:
                steps, values = w.series(quantity, name)
                assert steps.tolist() == [0, 1], (quantity, name)
                assert values.tolist() == pytest.approx([norms_by_hand[name]] * 2, rel=RELATIVE), (quantity, name)
        assert w.n_steps == 2
        assert w.log == ()
