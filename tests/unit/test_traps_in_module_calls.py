"""Calls that a hook on a module does not see, sees twice, or changes by being there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils.checkpoint import CheckpointError, checkpoint
from watched_run import Watch

from moduleview.hooks.board import Board
from moduleview.telemetry.hooks import HookKind, HookStatus
from moduleview.telemetry.snapshot import NodeCoverage

FORWARD, FORWARD_PRE, BACKWARD, TENSOR = HookKind.FORWARD, HookKind.FORWARD_PRE, HookKind.BACKWARD, HookKind.TENSOR


class Uses(nn.Module):
    """``inner``, used as the test says."""

    def __init__(self, inner: nn.Module, use: Callable[[Any, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.inner, self.use = inner, use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self.inner, x)


@pytest.mark.parametrize(
    "use",
    [lambda inner, x: inner.forward(x), lambda inner, x: nn.functional.linear(x, inner.weight, inner.bias)],
    ids=["forward", "functional"],
)
def test_module_that_is_passed_by_says_so_and_its_parameters_are_seen(watch: Watch, use: Callable[..., Any]) -> None:
    model = Uses(nn.Linear(3, 1), use)
    naive: list[int] = []
    handle = model.inner.register_forward_hook(lambda *_: naive.append(1))
    run = watch(model)
    run.tick(FORWARD, "inner")
    run.tick(TENSOR, "inner.bias")
    run.step(lambda: model(torch.ones(2, 3)).sum())
    handle.remove()
    assert naive == []
    assert list(run.coverage()) == [NodeCoverage.EXECUTED, NodeCoverage.BYPASSED]
    entry = run.entry("inner", FORWARD)
    assert entry.status is HookStatus.CANNOT_FIRE
    assert "passes hooks by" in entry.reason
    assert run.values("tensor.mean") == {("inner.bias", ""): 2.0}


def test_output_projection_of_an_attention_is_used_without_being_called(watch: Watch) -> None:
    model = nn.MultiheadAttention(4, 2, batch_first=True)
    run = watch(model)
    run.tick(FORWARD, "out_proj")
    x = torch.randn(2, 3, 4)
    run.step(lambda: model(x, x, x)[0].sum())
    assert "passes hooks by" in run.entry("out_proj", FORWARD).reason
    assert list(run.coverage()) == [NodeCoverage.EXECUTED, NodeCoverage.BYPASSED]


def test_one_slot_for_a_shared_module_keeps_the_last_call_only_and_ours_keeps_all(watch: Watch) -> None:
    """Fault row 7: and its parameter gets one gradient, the sum over the calls."""
    shared = nn.Linear(1, 1, bias=False)
    nn.init.constant_(shared.weight, 2.0)
    model = Uses(shared, lambda inner, x: inner(inner(inner(x))))
    slot: dict[nn.Module, float] = {}
    handle = shared.register_forward_hook(lambda module, _i, output: slot.__setitem__(module, float(output.detach())))
    run = watch(model, lr=0.0)
    run.tick(FORWARD, "inner")
    run.tick(BACKWARD, "inner")
    run.tick(TENSOR, "inner.weight")
    run.step(lambda: model(torch.ones(1, 1)).sum())
    handle.remove()
    assert list(slot.values()) == [8.0]
    assert run.values("forward.mean") == {("inner", ""): 2.0, ("inner", "call 1"): 4.0, ("inner", "call 2"): 8.0}
    assert run.values("backward.mean") == {("inner", ""): 4.0, ("inner", "call 1"): 2.0, ("inner", "call 2"): 1.0}
    assert run.values("tensor.mean") == {("inner.weight", ""): 12.0}  # d(w^3)/dw at w = 2
    assert run.values("grad_norm") == {("inner.weight", ""): 12.0}


def test_tied_weights_are_one_tensor_at_two_places(watch: Watch) -> None:
    """Fault row 8: ``named_parameters()`` hides the second, and its module looks as if it had none."""
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False))
    model[1].weight = model[0].weight
    assert [name for name, _ in model.named_parameters()] == ["0.weight"]
    run = watch(model)
    run.tick(TENSOR, "1.weight")
    run.step(lambda: model(torch.tensor([0, 1])).sum())
    assert run.entry("1.weight", TENSOR).status is HookStatus.ACTIVE
    assert set(run.values("tensor.mean")) == {("1.weight", "")}
    assert set(run.values("grad_norm")) == {("0.weight", "")}
    expected = model[0].weight.grad.double().norm().item()
    assert run.values("grad_norm")["0.weight", ""] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("reentrant", [False, True])
def test_hook_in_a_checkpoint_counts_the_recompute_and_ours_does_not(watch: Watch, reentrant: bool) -> None:
    """Fault row 9."""
    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    model = Uses(inner, lambda net, x: checkpoint(net, x, use_reentrant=reentrant))
    naive: list[int] = []
    handle = inner[0].register_forward_hook(lambda *_: naive.append(1))
    run = watch(model)
    run.tick(FORWARD, "inner.0")
    run.tick(BACKWARD, "inner.0")
    run.step(lambda: model(torch.randn(2, 3, requires_grad=True)).sum())
    handle.remove()
    assert len(naive) == 2
    assert run.now("inner.0", FORWARD).n_fires == 1
    assert run.now("inner.0", BACKWARD).n_fires == 1


def test_hook_that_is_always_called_is_given_none_in_a_checkpoint_and_ours_is_not(watch: Watch) -> None:
    """The recompute stops early, by an exception, in the last module: whoever wants its output then finds none."""
    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    model = Uses(inner, lambda net, x: checkpoint(net, x, use_reentrant=False))
    naive: list[bool] = []
    handle = inner[1].register_forward_hook(lambda _m, _i, out: naive.append(out is None), always_call=True)
    x = torch.randn(2, 3, requires_grad=True)
    run = watch(model)
    board = Board(model)
    board.count("inner.1", enabled=True)
    for kind in (FORWARD_PRE, FORWARD, BACKWARD):
        run.tick(kind, "inner.1")
    run.step(lambda: model(x).sum())
    (counted,) = (hook for hook in board.hooks_on("inner.1") if not hook.is_ours)
    board.release()
    handle.remove()
    assert naive == [False, True]
    assert (counted.n_fires, counted.traceback) == (2, "")
    for kind in (FORWARD_PRE, FORWARD, BACKWARD):
        assert run.now("inner.1", kind).n_fires == 1
        assert run.entry("inner.1", kind).status is HookStatus.ACTIVE
    assert run.log() == []


def test_hook_that_computes_with_grad_breaks_a_checkpoint_when_toggled_and_ours_does_not(watch: Watch) -> None:
    """Fault row 10: the recompute saves other tensors than the forward did."""
    model = Uses(nn.Sequential(nn.Linear(3, 3), nn.Tanh()), lambda net, x: checkpoint(net, x, use_reentrant=False))
    x = torch.randn(2, 3, requires_grad=True)
    kept: list[torch.Tensor] = []
    loss = model(x).sum()
    handle = model.inner[0].register_forward_hook(lambda _m, _i, output: kept.append(output.sum(0).square()))
    with pytest.raises(CheckpointError):
        loss.backward()
    handle.remove()

    run = watch(model)

    def toggled() -> torch.Tensor:
        loss = model(x).sum()
        run.tick(FORWARD, "inner.0")
        run.tick(BACKWARD, "inner.0")
        return loss

    run.step(toggled)
    assert run.values("forward.mean") == {}
    run.step(lambda: model(x).sum())
    assert set(run.values("forward.mean")) == set(run.values("backward.mean")) == {("inner.0", "")}


def test_pre_hook_without_kwargs_sees_no_input_that_came_by_name_and_ours_does(watch: Watch) -> None:
    class ByName(nn.Module):
        def forward(self, *, x: torch.Tensor) -> torch.Tensor:
            return 2.0 * x

    model = Uses(ByName(), lambda inner, x: inner(x=x))
    naive: list[Any] = []
    handle = model.inner.register_forward_pre_hook(lambda _m, args: naive.append(args))
    run = watch(model)
    run.tick(FORWARD_PRE, "inner")
    run.step(lambda: model(torch.full((2, 3), 7.0, requires_grad=True)).sum())
    handle.remove()
    assert naive == [()]
    assert run.values("forward_pre.mean") == {("inner", ""): 7.0}


def test_any_module_hook_costs_an_encoder_its_fast_path_and_ours_does_not(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    fast: list[str] = []
    original = torch._transformer_encoder_layer_fwd
    monkeypatch.setattr(
        torch, "_transformer_encoder_layer_fwd", lambda *args: (fast.append("fast"), original(*args))[1]
    )

    def evaluate() -> None:
        with torch.no_grad():
            model(torch.randn(2, 3, 8))

    handle = model.self_attn.out_proj.register_forward_hook(lambda *_: None)
    evaluate()
    handle.remove()
    assert fast == []
    run = watch(model)
    run.tick(FORWARD, "linear1", "self_attn.out_proj", "")
    run.raw_step(evaluate)
    assert fast == ["fast"]
    assert set(run.values("forward.mean")) == {("", "")}
    assert run.entry("linear1", FORWARD).status is HookStatus.CANNOT_FIRE


def test_module_that_only_holds_others_is_no_dead_one(watch: Watch) -> None:
    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(3, 3)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers[0](x)

    run = watch(Holds())
    run.tick(FORWARD, "layers")
    run.step(lambda: run.model(torch.ones(1, 3)).sum())
    assert "only holds other modules" in run.entry("layers", FORWARD).reason
    assert list(run.coverage()) == [NodeCoverage.EXECUTED, NodeCoverage.UNKNOWN, NodeCoverage.EXECUTED]


def test_forward_that_is_a_generator_is_counted_and_measures_nothing(watch: Watch) -> None:
    """Its hook runs before its body does."""

    class Yields(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            yield 2.0 * x

    model = Uses(Yields(), lambda inner, x: next(iter(inner(x))))
    run = watch(model)
    run.tick(FORWARD, "inner")
    run.step(lambda: model(torch.ones(1, 3, requires_grad=True)).sum())
    assert run.values("forward.mean") == {}
    assert run.now("inner", FORWARD).n_fires == 1


def test_hook_that_returns_something_replaces_the_output_and_ours_returns_nothing(watch: Watch) -> None:
    model = Uses(nn.Linear(3, 3), lambda inner, x: inner(x))
    x = torch.ones(2, 3)
    expected = model(x)
    handle = model.inner.register_forward_hook(lambda _m, _i, output: output.mean())
    assert model(x).shape == ()
    handle.remove()
    run = watch(model)
    for kind in (FORWARD_PRE, FORWARD, BACKWARD):
        run.tick(kind, "inner", "")
    outputs: list[torch.Tensor] = []
    run.step(lambda: (outputs.append(model(x)), outputs[0].sum())[1])
    assert torch.equal(outputs[0], expected)


def test_global_hook_with_kwargs_marks_torch_for_ever_and_ours_leaves_it_unmarked(watch: Watch) -> None:
    """A bug of torch 2.13: the table of those with kwargs keeps what was removed."""
    before = set(torch_module._global_forward_hooks_with_kwargs)
    torch_module.register_module_forward_hook(lambda *_: None, with_kwargs=True).remove()
    assert set(torch_module._global_forward_hooks_with_kwargs) != before, "mended: inputs by name can be read"
    torch_module._global_forward_hooks_with_kwargs.clear()

    run = watch(nn.Linear(3, 1))
    run.tick(FORWARD, "")
    run.step(lambda: run.model(torch.ones(1, 3)).sum())
    run.tick(FORWARD, "", enabled=False)
    assert not torch_module._has_any_global_hook()


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_script_module_raises_at_a_hook_and_ours_says_that_it_refuses(watch: Watch) -> None:
    """Fault row 13."""
    scripted = torch.jit.script(nn.Linear(3, 1))
    with pytest.raises(RuntimeError):
        scripted.register_full_backward_hook(lambda *_: None)
    run = watch(Uses(scripted, lambda inner, x: inner(x)))
    run.tick(FORWARD, "inner")
    run.step(lambda: run.model(torch.ones(1, 3)).sum())
    assert "ScriptModule" in run.entry("inner", FORWARD).reason


def test_hook_that_lists_numbers_breaks_a_transform_and_ours_steps_aside(watch: Watch) -> None:
    """Fault row 14."""
    model = nn.Linear(3, 1)
    params = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def output(x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(model, params, (x,)).sum()

    x = torch.randn(5, 3)
    expected = torch.func.vmap(torch.func.grad(output))(x)
    handle = model.register_forward_hook(lambda _m, _i, out: out.sum().item() and None)
    with pytest.raises(RuntimeError):
        torch.func.vmap(output)(x)
    handle.remove()
    run = watch(model)
    for kind in (FORWARD_PRE, FORWARD, BACKWARD):
        run.tick(kind, "")
    got: list[torch.Tensor] = []
    run.raw_step(lambda: got.append(torch.func.vmap(torch.func.grad(output))(x)))
    assert torch.equal(got[0], expected)
    assert run.values("forward.mean") == {}
    assert all(entry.status is not HookStatus.FAILED for entry in run.entries())


def test_inference_tensor_has_no_version_and_is_measured_all_the_same(watch: Watch) -> None:
    model = nn.Linear(3, 3)
    with torch.inference_mode(), pytest.raises(RuntimeError, match="version"):
        _ = model(torch.ones(1, 3))._version
    run = watch(model)
    for kind in (FORWARD_PRE, FORWARD, BACKWARD, HookKind.BACKWARD_PRE):
        run.tick(kind, "")

    def evaluate() -> None:
        with torch.inference_mode():
            model(torch.full((1, 3), 2.0))

    run.raw_step(evaluate)
    assert run.values("forward_pre.mean") == {("", ""): 2.0}
    assert set(run.values("forward.mean")) == {("", "")}
    assert all(entry.status is not HookStatus.FAILED for entry in run.entries())


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_module_with_a_hook_cannot_be_scripted_and_a_watched_one_can(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    handle = model[0].register_forward_hook(lambda *_: None)
    with pytest.raises(RuntimeError):
        torch.jit.script(model)
    handle.remove()
    run = watch(model)
    run.tick(FORWARD, "", "0", "1")
    run.tick(BACKWARD, "", "0", "1")
    x = torch.ones(1, 3)
    made: list[nn.Module] = []
    run.raw_step(lambda: made.append(torch.jit.script(model)))
    assert torch.equal(made[0](x), model(x))
    assert run.values("forward.mean") == {}


def test_hook_takes_a_tracing_for_training_and_ours_does_not(watch: Watch) -> None:
    model, x, naive = nn.Linear(3, 1), torch.ones(1, 3), []
    handle = model.register_forward_hook(lambda *_: naive.append(1))
    run = watch(model)
    run.tick(FORWARD, "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        run.raw_step(lambda: torch.jit.trace(model, x, check_trace=False) and None)
    handle.remove()
    assert naive
    assert run.now("", FORWARD).n_fires == 0
    assert run.values("forward.mean") == {}


@pytest.mark.parametrize(
    "use",
    [
        lambda inner, x: (inner(x), x)[1],
        lambda inner, x: inner(x).detach() + x,
        lambda inner, x: inner(x).argmax() + x,
    ],
    ids=["unused", "detached", "not differentiable"],
)
def test_gradient_that_never_comes_is_said_and_not_guessed(
    watch: Watch, use: Callable[[Any, torch.Tensor], torch.Tensor]
) -> None:
    model = Uses(nn.Linear(3, 3), use)
    run = watch(model)
    run.tick(FORWARD, "inner")
    run.tick(BACKWARD, "inner")
    for _ in range(2):
        run.step(lambda: model(torch.ones(2, 3, requires_grad=True)).sum())
    assert run.values("backward.mean") == {}
    assert set(run.values("forward.mean")) == {("inner", "")}
    assert "No gradient reached its output" in run.entry("inner", BACKWARD).reason
    assert run.entry("inner", FORWARD).reason == ""
