"""What the observer sees at outputs and their gradients, in models that break naive hooks."""

from __future__ import annotations

import copy
import dataclasses
import gc
import io
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils.checkpoint import checkpoint
from watched_run import Watch, WatchedRun, digest, traces

from moduleview.telemetry.hooks import HookKind, HookStatus

FORWARD, BACKWARD = HookKind.FORWARD, HookKind.BACKWARD


class Changed(nn.Module):
    """A Linear whose output is changed in place by ``change``."""

    def __init__(self, change: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 5)
        self.change = change

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x)
        self.change(y)
        return y


def relu(y: torch.Tensor) -> None:
    y.relu_()


def add(y: torch.Tensor) -> None:
    y += 1.0


def assign(y: torch.Tensor) -> None:
    y[..., 0] = 0.0


@pytest.mark.parametrize("change", [relu, add, assign])
@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4)], ids=["2-D", "3-D, a view"])
def test_gradient_at_an_output_that_is_changed_in_place_is_the_true_one(
    watch: Watch, change: Callable[[torch.Tensor], Any], shape: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    x = torch.randn(*shape)
    model = Changed(change)
    output = model.linear(x).detach().requires_grad_()
    copy = output.clone()
    change(copy)
    (expected,) = torch.autograd.grad(copy.square().sum(), output)

    run = watch(model)
    run.tick(BACKWARD, "linear")
    run.step(lambda: model(x).square().sum())

    assert run.values("backward.mean")["linear", ""] == pytest.approx(float(expected.mean()), rel=1e-6)
    assert run.values("backward.max")["linear", ""] == pytest.approx(float(expected.abs().max()), rel=1e-6)
    assert run.values("backward.std")["linear", ""] == pytest.approx(float(expected.std(correction=0)), rel=1e-5)


def test_a_view_that_was_changed_inside_the_module_is_observed(watch: Watch) -> None:
    """The stale view of pytorch #196459: register_hook on it is a segmentation fault unless grad_fn is read first."""

    class Inner(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = (x * 2.0).view(3, 4)
            y[:, 0].add_(1.0)
            return y

    model = nn.Sequential(nn.Linear(4, 4), Inner())
    run = watch(model)
    run.tick(BACKWARD, "1")
    run.step(lambda: model(torch.randn(3, 4)).sum())
    assert run.values("backward.mean")["1", ""] == 1.0


def test_gradient_of_a_view_of_the_input_is_not_mixed_with_the_inputs_other_uses(watch: Watch) -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.flatten = nn.Linear(4, 4), nn.Flatten()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.linear(x)
            return self.flatten(y).sum() + 10.0 * y.sum()

    model = Residual()
    run = watch(model)
    run.tick(BACKWARD, "flatten")
    run.step(lambda: model(torch.randn(2, 3, 4)))
    assert run.values("backward.mean")["flatten", ""] == 1.0


@dataclasses.dataclass
class Pair:
    first: torch.Tensor
    second: torch.Tensor


class Returns(nn.Module):
    def __init__(self, shape: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.inner, self.shape = nn.Linear(3, 3), shape

    def forward(self, x: torch.Tensor) -> Any:
        return self.shape(self.inner(x))


@pytest.mark.parametrize(
    ("shape", "pick", "parts"),
    [
        (lambda y: {"a": 3 * y, "b": 2 * y}, lambda out: out["a"] + out["b"], ["", "['b']"]),
        (lambda y: [3 * y, 2 * y], lambda out: out[0] + out[1], ["", "[1]"]),
        (lambda y: ((3 * y, 2 * y),), lambda out: out[0][0] + out[0][1], ["", "[0][1]"]),
        (lambda y: Pair(3 * y, 2 * y), lambda out: out.first + out.second, ["", ".second"]),
        (lambda y: torch.aminmax(y, dim=1), lambda out: out.min + out.max, ["", "[1]"]),
    ],
    ids=["dict", "list", "nested tuple", "dataclass", "structseq"],
)
def test_every_tensor_in_an_output_is_observed(
    watch: Watch, shape: Callable[[torch.Tensor], Any], pick: Callable[[Any], torch.Tensor], parts: list[str]
) -> None:
    model = Returns(shape)
    run = watch(model)
    run.tick(FORWARD, "")
    run.tick(BACKWARD, "")
    run.step(lambda: pick(model(torch.randn(2, 3))).sum())
    assert sorted(run.values("forward.mean")) == sorted(("", part) for part in parts)
    assert run.values("backward.mean") == {("", part): 1.0 for part in parts}


def test_an_output_without_tensors_is_counted_and_measures_nothing(watch: Watch) -> None:
    model = Returns(lambda y: None)
    run = watch(model)
    run.tick(FORWARD, "")
    run.step(lambda: torch.zeros(()) if model(torch.randn(2, 3)) is None else torch.ones(()))
    assert run.values("forward.mean") == {}
    assert run.now("", FORWARD).n_fires == 1


def test_a_bottomless_output_is_walked_to_a_bound(watch: Watch) -> None:
    def bottomless(y: torch.Tensor) -> list[Any]:
        billions: list[Any] = [y] * 10
        for _ in range(30):
            billions = [billions] * 10
        endless: list[Any] = [y]
        endless.append(endless)
        return [*[y] * 100, endless, billions]

    model = Returns(bottomless)
    run = watch(model)
    run.tick(FORWARD, "")
    run.step(lambda: model(torch.randn(2, 3))[0].sum())
    assert len(run.values("forward.mean")) == 64


def test_only_the_outputs_that_the_loss_uses_have_a_gradient(watch: Watch) -> None:
    model = nn.LSTM(4, 5, batch_first=True)
    run = watch(model)
    run.tick(FORWARD, "")
    run.tick(BACKWARD, "")
    run.step(lambda: model(torch.randn(2, 3, 4))[1][0].sum())
    assert set(run.values("forward.mean")) == {("", ""), ("", "[1][0]"), ("", "[1][1]")}
    assert run.values("backward.mean") == {("", "[1][0]"): 1.0}


class Thrice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 3.0 * self.shared(2.0 * self.shared(self.shared(x)))


def test_calls_of_a_shared_module_are_told_apart_and_numbered_from_zero_each_step(watch: Watch) -> None:
    model = Thrice()
    run = watch(model)
    run.tick(FORWARD, "shared")
    run.tick(BACKWARD, "shared")
    for _ in range(2):
        run.step(lambda: model(torch.ones(1, 3)).sum())
        assert set(run.values("forward.mean")) == {("shared", ""), ("shared", "call 1"), ("shared", "call 2")}
        assert run.values("backward.mean")["shared", "call 2"] == 3.0
        assert len(run.values("backward.mean")) == 3


def test_both_names_of_a_module_that_is_registered_twice_show_what_it_does(watch: Watch) -> None:
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, shared)
    run = watch(model)
    run.tick(FORWARD, "0", "1")
    run.step(lambda: model(torch.ones(1, 3)).sum())
    values = run.values("forward.mean")
    assert values["0", "call 1"] == values["1", "call 1"]
    assert len(values) == 4


def test_calls_beyond_the_sixteenth_are_counted_and_not_measured(watch: Watch) -> None:
    model = nn.Linear(3, 3)

    def loss() -> torch.Tensor:
        x = torch.ones(1, 3)
        for _ in range(20):
            x = model(x)
        return x.sum()

    run = watch(model, lr=0.0)
    run.tick(FORWARD, "")
    run.step(loss)
    assert len(run.values("forward.mean")) == 16
    assert run.now("", FORWARD).n_fires == 20


class Checkpointed(nn.Module):
    """Three blocks, each under a checkpoint; the shared activation is called in every one."""

    def __init__(self, *, reentrant: bool | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)) for _ in range(3))
        self.act = nn.Tanh()
        self.reentrant = reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            if self.reentrant is None:
                x = self.act(block(x))
            else:
                x = checkpoint(lambda y, block=block: self.act(block(y)), x, use_reentrant=self.reentrant)
        return x


def checkpointed_run(watch: Watch, reentrant: bool | None, *, ticked: bool) -> WatchedRun:
    torch.manual_seed(1)
    model = Checkpointed(reentrant=reentrant)
    run = watch(model)
    if ticked:
        run.tick(FORWARD, "blocks.0.0", "blocks.1", "act")
        run.tick(BACKWARD, "blocks.0.0", "blocks.1", "act")
        run.tick(HookKind.FORWARD_PRE, "blocks.0.0")
    for step in range(3):
        torch.manual_seed(step)
        x = torch.randn(2, 4, requires_grad=True)
        run.step(lambda x=x: model(x).square().sum())
    return run


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_checkpoint_is_seen_once_and_trains_the_same(watch: Watch, reentrant: bool) -> None:
    watched, unwatched = (
        checkpointed_run(watch, reentrant, ticked=True),
        checkpointed_run(watch, reentrant, ticked=False),
    )
    assert digest(watched.model) == digest(unwatched.model)
    assert set(watched.values("forward.mean")) == {
        ("blocks.0.0", ""),
        ("blocks.1", ""),
        ("act", ""),
        ("act", "call 1"),
        ("act", "call 2"),
    }
    assert watched.now("blocks.0.0", FORWARD).n_fires == 3
    assert watched.now("blocks.0.0", HookKind.FORWARD_PRE).n_fires == 3
    assert watched.now("blocks.0.0", BACKWARD).n_fires == 3
    plain = checkpointed_run(watch, None, ticked=True)
    assert watched.values("backward.mean", 0) == pytest.approx(plain.values("backward.mean", 0))


def test_toggling_between_forward_and_backward_takes_effect_with_the_next_step(watch: Watch) -> None:
    model = Checkpointed(reentrant=False)
    run = watch(model)
    run.tick(FORWARD, "act")

    def loss() -> torch.Tensor:
        value = model(torch.randn(2, 4, requires_grad=True)).sum()
        run.tick(FORWARD, "act", enabled=False)
        run.tick(BACKWARD, "blocks.1.0")
        return value

    run.step(loss)
    assert ("act", "") in run.values("forward.mean")
    assert run.values("backward.mean") == {}
    run.step(lambda: model(torch.randn(2, 4, requires_grad=True)).sum())
    assert run.values("forward.mean") == {}
    assert ("blocks.1.0", "") in run.values("backward.mean")


def test_a_step_that_raised_leaves_ticking_possible(watch: Watch) -> None:
    model = nn.Linear(2, 2)
    run = watch(model)
    run.recorder.begin_step(0)
    model(torch.ones(1, 2))
    run.recorder.abandon_step()
    run.tick(FORWARD, "")
    assert run.entry("", FORWARD).status is HookStatus.ACTIVE
    run.n_steps = 1
    run.step(lambda: model(torch.ones(1, 2)).sum())
    assert list(run.values("forward.mean")) == [("", "")]


def test_a_first_layer_whose_input_needs_no_gradient_is_watched_without_a_warning(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, FORWARD, BACKWARD, HookKind.BACKWARD_PRE):
        run.tick(kind, "0", "1", "")
    for _ in range(2):
        run.step(lambda: model(torch.randn(2, 3)).sum())  # warnings are errors here
    assert ("0", "") in run.values("backward.mean")
    assert run.entry("0", HookKind.BACKWARD_PRE).status is HookStatus.CANNOT_FIRE


def test_nothing_ticked_means_no_hook_after_the_first_step(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    run = watch(model)
    run.step(lambda: model(torch.randn(2, 3)).sum())
    assert not torch_module._global_forward_hooks
    run.recorder.begin_step(1)
    assert traces(model) == ["optimizer"]
    run.recorder.detach()
    assert traces(model) == []


def test_unticking_and_detaching_leave_no_trace(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, FORWARD, BACKWARD, HookKind.BACKWARD_PRE):
        run.tick(kind, "0", "1")
    run.tick(HookKind.TENSOR, "0.weight", "1.bias")
    x = torch.randn(2, 3, requires_grad=True)
    for _ in range(2):
        run.step(lambda: model(x).sum())
    assert {entry.status for entry in run.entries()} == {HookStatus.ACTIVE}
    assert len(traces(model)) > 5
    run.tick(HookKind.TENSOR, "1.bias", enabled=False)
    assert model[1].bias._backward_hooks is None
    run.recorder.detach()
    assert traces(model) == []


class _HandsOut(nn.Module):
    """Returns its parameter, its input, and a tensor that it made once."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.ones(3))
        self.kept: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self.kept is None:
            self.kept = self.table * 2
        return self.table, x, self.kept


def test_an_output_that_outlives_its_step_keeps_no_hook(watch: Watch) -> None:
    """A parameter, a leaf of the user's and a tensor that the module keeps would gather one each step."""
    model = _HandsOut()
    run = watch(model)
    run.tick(BACKWARD, "")
    x = torch.ones(3, requires_grad=True)

    def train() -> float:
        sum(model(x)).sum().backward(retain_graph=True)
        return 0.0

    for step in range(3):
        run.raw_step(train)
        # the table gets a gradient through itself and through what was made of it
        assert run.values("backward.mean", step) == {("", ""): 3.0, ("", "[1]"): 1.0, ("", "[2]"): 1.0}
        assert model.table._backward_hooks is None
        assert x._backward_hooks is None
        assert model.kept is not None
        assert not model.kept._backward_hooks
    run.recorder.begin_step(3)
    model(x)
    run.recorder.abandon_step()
    assert model.table._backward_hooks is None


def test_outputs_and_models_are_saved_without_a_warning_of_ours(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, FORWARD, BACKWARD, HookKind.BACKWARD_PRE):
        run.tick(kind, "0", "1")
    run.tick(HookKind.TENSOR, "0.weight")
    x = torch.randn(2, 3, requires_grad=True)

    def loss() -> torch.Tensor:
        output = model(x)
        for saved in (output, model, model[0].weight, model.state_dict()):
            torch.save(saved, io.BytesIO())  # warnings are errors here
        copy.deepcopy(model)
        return output.sum()

    for _ in range(2):
        run.step(loss)
    assert run.values("backward.mean")


def test_a_gradient_that_arrives_after_its_step_is_dropped(watch: Watch) -> None:
    model = nn.Linear(3, 3)
    run = watch(model)
    run.tick(BACKWARD, "")
    late: list[torch.Tensor] = []
    run.raw_step(lambda: late.append(model(torch.ones(1, 3)).sum()))
    run.raw_step(lambda: late.pop().backward())
    assert run.values("backward.mean") == {}


def test_a_new_module_with_the_id_of_a_dead_one_is_not_taken_for_it(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    run = watch(model)
    run.tick(FORWARD, "0")
    run.step(lambda: model(torch.ones(1, 3)).sum())

    def loss() -> torch.Tensor:
        total = torch.zeros(())
        for _ in range(50):
            passing = nn.Linear(3, 3)
            total = total + passing(torch.ones(1, 3)).sum()
            del passing
        return total

    run.raw_step(loss)
    assert run.values("forward.mean") == {}


def test_a_module_that_was_replaced_is_found_by_its_name_in_the_next_step(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    run = watch(model)
    run.tick(FORWARD, "0")
    run.tick(HookKind.TENSOR, "0.weight")
    run.step(lambda: model(torch.ones(1, 3)).sum())
    model[0] = nn.Linear(3, 3)
    nn.init.constant_(model[0].weight, 0.0)
    nn.init.constant_(model[0].bias, 7.0)
    run.step(lambda: model(torch.ones(1, 3)).sum())
    assert run.values("forward.mean") == {("0", ""): 7.0}
    assert run.values("tensor.mean") == {("0.weight", ""): 1.0}


def test_watching_does_not_touch_the_random_numbers(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(300, 300), nn.Dropout(0.5))
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, FORWARD, BACKWARD):
        run.tick(kind, "0", "1")
    x = torch.randn(400, 300)  # more elements than the sample
    run.recorder.begin_step(0)
    before = torch.get_rng_state()
    model[1].eval()
    model(x).sum().backward()
    run.recorder.end_step(0, 0.0, None)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("error", [RuntimeError("broken"), torch.OutOfMemoryError("no room")])
def test_a_hook_of_ours_that_raises_is_switched_off_and_training_goes_on(
    watch: Watch, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    model = nn.Linear(3, 3)
    run = watch(model)
    run.tick(FORWARD, "")
    run.tick(BACKWARD, "")
    run.tick(HookKind.TENSOR, "bias")
    monkeypatch.setattr("moduleview.hooks.ticked.SampleRows.take", fail)
    run.step(lambda: model(torch.ones(1, 3)).sum())
    monkeypatch.undo()
    run.step(lambda: model(torch.ones(1, 3)).sum())
    assert {entry.status for entry in run.entries()} == {HookStatus.FAILED}
    assert run.entry("", FORWARD).reason == f"{type(error).__name__} at step 0: {error}"
    assert "raise error" in run.entry("", FORWARD).traceback
    assert run.values("forward.mean") == run.values("tensor.mean") == {}
    run.tick(FORWARD, "")  # ticking again tries again
    run.step(lambda: model(torch.ones(1, 3)).sum())
    assert run.values("forward.mean")
    assert run.entry("", FORWARD).traceback == ""


def test_no_tensor_is_kept_after_the_step(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, FORWARD, BACKWARD, HookKind.BACKWARD_PRE):
        run.tick(kind, "0", "1")
    outputs: list[weakref.ref[torch.Tensor]] = []

    def loss() -> torch.Tensor:
        hidden = model[0](torch.ones(1, 3))
        outputs.append(weakref.ref(hidden))
        return model[1](hidden).sum()

    gc.collect()
    gc.disable()  # a cycle through a hook would be found late, or never
    try:
        for _ in range(2):
            run.step(loss)
        assert [output() for output in outputs] == [None, None]
    finally:
        gc.enable()


def test_torch_func_transforms_run_as_if_nobody_looked(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(FORWARD, "")
    run.tick(BACKWARD, "")

    def loss(params: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(model, params, (x,)).sum()

    def train() -> float:
        params = {name: p.detach() for name, p in model.named_parameters()}
        grads = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(params, torch.ones(5, 3))
        return float(grads["weight"].sum())

    assert run.raw_step(train) == 15.0
    assert run.values("forward.mean") == {}
    assert all(entry.status is not HookStatus.FAILED for entry in run.entries())


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_watched_model_can_be_scripted_and_traced(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    run = watch(model)
    run.tick(FORWARD, "0", "1")
    run.tick(BACKWARD, "0", "1")
    x = torch.ones(1, 3)
    run.recorder.begin_step(0)
    copies = [torch.jit.script(model), torch.jit.trace(model, x, check_trace=False), torch.fx.symbolic_trace(model)]
    run.recorder.end_step(0, 0.0, None)
    assert run.values("forward.mean") == {}
    expected = model(x)
    assert all(torch.equal(copy(x), expected) for copy in copies)


@pytest.mark.parametrize("ticked_first", [True, False])
def test_a_compiled_region_says_that_hooks_cannot_fire_and_stays_one_graph(watch: Watch, ticked_first: bool) -> None:
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    wrapped = nn.ModuleDict({"net": torch.compile(model, backend="eager", fullgraph=True), "last": nn.Linear(3, 1)})
    run = watch(wrapped)

    def loss() -> torch.Tensor:
        return wrapped["last"](wrapped["net"](torch.ones(2, 3))).sum()

    if not ticked_first:
        run.step(loss)
    run.tick(FORWARD, "net", "net._orig_mod.0", "last")
    run.tick(HookKind.FORWARD_PRE, "net._orig_mod.0")
    for toggle in range(4):
        run.step(loss)
        run.tick(BACKWARD, "last", enabled=toggle % 2 == 0)
    run.step(loss)
    assert "compiled region" in run.entry("net._orig_mod.0", FORWARD).reason
    assert "compiled region" in run.entry("net._orig_mod.0", HookKind.FORWARD_PRE).reason
    assert set(run.values("forward.mean")) == {("net", ""), ("last", "")}
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 2


def test_an_evaluation_without_grad_is_seen_forward_and_has_no_gradient(watch: Watch) -> None:
    model = nn.Linear(3, 3)
    run = watch(model)
    run.tick(FORWARD, "")
    run.tick(BACKWARD, "")

    def evaluate() -> None:
        with torch.inference_mode():
            model(torch.ones(1, 3))

    run.raw_step(evaluate)
    assert list(run.values("forward.mean")) == [("", "")]
    entry = run.entry("", BACKWARD)
    assert (entry.status, entry.reason) == (HookStatus.CANNOT_FIRE, "Its output does not require a gradient.")


def test_a_module_that_is_passed_by_says_so_and_recovers_when_it_is_called(watch: Watch) -> None:
    class Bypassing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.calls = nn.Linear(3, 3), False

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x) if self.calls else self.linear.forward(x)

    model = Bypassing()
    run = watch(model)
    run.tick(FORWARD, "linear")
    run.step(lambda: model(torch.ones(1, 3)).sum())
    assert run.entry("linear", FORWARD).status is HookStatus.CANNOT_FIRE
    assert "not called as a module" in run.entry("linear", FORWARD).reason
    model.calls = True
    run.step(lambda: model(torch.ones(1, 3)).sum())
    assert run.entry("linear", FORWARD).status is HookStatus.ACTIVE
