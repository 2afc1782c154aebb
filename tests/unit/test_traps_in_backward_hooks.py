"""torch's full-backward hooks break models or stay silent; the hook on the output tensor does neither."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from watched_run import Watch

from moduleview.telemetry.hooks import HookKind, HookStatus

BACKWARD = HookKind.BACKWARD
RELATIVE = 1e-6


class Then(nn.Module):
    """``inner``, and whatever the test does with what it returns."""

    def __init__(self, inner: nn.Module, use: Callable[[Any], torch.Tensor]) -> None:
        super().__init__()
        self.inner, self.use = inner, use

    def forward(self, x: Any) -> torch.Tensor:
        return self.use(self.inner(x))


class Gives(nn.Module):
    """A Linear whose output is put into another shape."""

    def __init__(self, shape: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.linear, self.shape = nn.Linear(3, 3), shape

    def forward(self, x: torch.Tensor) -> Any:
        return self.shape(self.linear(x))


def relu(y: torch.Tensor) -> torch.Tensor:
    return y.relu_()


def add(y: torch.Tensor) -> torch.Tensor:
    y += 1.0
    return y


def assign(y: torch.Tensor) -> torch.Tensor:
    y[..., 0] = 0.0
    return y


def true_gradient(inner: nn.Module, use: Callable[[Any], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """At the output of ``inner``, by a graph that begins there, in float64."""
    output = inner(x).detach().double().requires_grad_()
    (gradient,) = torch.autograd.grad(use(output.clone()).square().sum(), output)
    return gradient


@pytest.mark.parametrize("use", [relu, add, assign])
@pytest.mark.parametrize("register", ["register_full_backward_hook", "register_full_backward_pre_hook"])
def test_full_backward_hook_breaks_an_in_place_operation_and_ours_sees_the_true_gradient(
    watch: Watch, use: Callable[[torch.Tensor], torch.Tensor], register: str
) -> None:
    """Fault row 1."""
    torch.manual_seed(0)
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    naive = Then(nn.Linear(3, 4).double(), use)
    getattr(naive.inner, register)(lambda *_: None)
    with pytest.raises(RuntimeError, match="inplace"):
        naive(x)

    model = Then(nn.Linear(3, 4).double(), use)
    expected = true_gradient(model.inner, use, x)
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(x).square().sum())
    assert run.values("backward.mean")["inner", ""] == pytest.approx(float(expected.mean()), rel=RELATIVE)
    assert run.values("backward.max")["inner", ""] == pytest.approx(float(expected.abs().max()), rel=RELATIVE)


class First(nn.Module):
    """Takes the first of what a module with several outputs returns; runs in float64."""

    def __init__(self, inner: nn.Module, *, n_inputs: int = 1) -> None:
        super().__init__()
        self.inner, self.n_inputs = inner.double(), n_inputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(*[x] * self.n_inputs)[0]


class Doubled(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2.0 * x


@pytest.mark.parametrize("use", [relu, add, assign])
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(4, 4).double(),
        lambda: First(nn.LSTM(4, 4, batch_first=True)),
        lambda: First(nn.MultiheadAttention(4, 2, batch_first=True), n_inputs=3),
        lambda: nn.Sequential(Doubled(), nn.Flatten()),
        lambda: nn.Sequential(Doubled(), nn.Unflatten(2, (2, 2))),
    ],
    ids=["Linear", "LSTM", "MultiheadAttention", "Flatten", "Unflatten"],
)
def test_hook_on_an_output_that_is_a_view_stays_silent_and_ours_is_right(
    watch: Watch, make: Callable[[], nn.Module], use: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    """Fault row 2. A Linear with bias on 3-D input returns a view, and so do the others."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    model = Then(make(), use)
    naive: list[torch.Tensor] = []
    handle = model.inner.register_forward_hook(lambda _m, _i, output: output.register_hook(naive.append) and None)
    model(x).square().sum().backward()
    handle.remove()
    assert not naive, "torch has mended it: then the base of the view can go"

    expected = true_gradient(model.inner, use, x)
    run = watch(model, lr=0.0)
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(x).square().sum())
    assert run.values("backward.mean")["inner", ""] == pytest.approx(float(expected.mean()), rel=RELATIVE)
    assert run.values("backward.max")["inner", ""] == pytest.approx(float(expected.abs().max()), rel=RELATIVE)


def test_hook_on_an_output_sees_the_value_before_a_later_in_place_operation_and_so_does_ours(watch: Watch) -> None:
    """The gradient of what the module returned is not that of what became of it."""
    x = torch.full((1, 3), -1.0)
    model = Then(nn.Linear(3, 3), relu)
    nn.init.eye_(model.inner.weight)
    nn.init.zeros_(model.inner.bias)  # so relu_ passes nothing on
    after: list[torch.Tensor] = []

    def loss() -> torch.Tensor:
        y = model(x)
        y.register_hook(after.append)
        return y.sum()

    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(loss)
    assert float(after[0].mean()) == 1.0
    assert run.values("backward.mean")["inner", ""] == 0.0


class Output(dict[str, Any]):
    """As the transformers library's: a dict whose items are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


class TensorsOf(tuple[torch.Tensor, ...]):
    """A tuple with a constructor of its own, which takes one argument as ``tuple`` does."""

    def __new__(cls, tensors: list[torch.Tensor]) -> TensorsOf:
        return super().__new__(cls, tensors)


def naive_gradients(model: nn.Module, x: torch.Tensor) -> list[Any]:
    """What a full-backward hook on ``inner`` is given; torch's warning about it is left out."""
    seen: list[Any] = []
    handle = model.inner.register_full_backward_hook(lambda _m, _i, gradients: seen.append(gradients))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(x).sum().backward()
    handle.remove()
    return seen


@pytest.mark.parametrize(
    ("shape", "pick"),
    [
        (lambda y: {"y": y}, lambda out: out["y"]),
        (lambda y: [y], lambda out: out[0]),
        (lambda y: Output(y=y, hidden=(y, y)), lambda out: out.y),
        (lambda y: ((y, y),), lambda out: out[0][0]),
    ],
    ids=["dict", "list", "ModelOutput", "nested tuple"],
)
def test_full_backward_hook_never_fires_for_an_output_of_another_shape_and_ours_does(
    watch: Watch, shape: Callable[[torch.Tensor], Any], pick: Callable[[Any], torch.Tensor]
) -> None:
    """Fault row 4."""
    model = Then(Gives(shape), lambda out: 5.0 * pick(out))
    x = torch.randn(2, 3, requires_grad=True)
    assert naive_gradients(model, x) == []
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(x).sum())
    assert run.values("backward.mean")["inner", ""] == 5.0


def test_full_backward_hook_says_it_with_a_warning_that_ends_a_strict_training() -> None:
    """Fault row 4: with ``-W error`` the user's step raises, which is why ours is never of that kind."""
    model = Then(Gives(lambda y: {"y": y}), lambda out: out["y"])
    handle = model.inner.register_full_backward_hook(lambda *_: None)
    with pytest.raises(UserWarning, match="backward hook"):
        model(torch.randn(2, 3, requires_grad=True))
    handle.remove()


@pytest.mark.parametrize(
    ("shape", "pick"),
    [
        (lambda y: torch.aminmax(y, dim=1), lambda out: out.min),
        (lambda y: TensorsOf([y, 2 * y]), lambda out: out[0]),
    ],
    ids=["structseq", "tuple subclass"],
)
def test_full_backward_hook_raises_on_a_tuple_it_cannot_rebuild_and_ours_leaves_it_alone(
    watch: Watch, shape: Callable[[torch.Tensor], Any], pick: Callable[[Any], torch.Tensor]
) -> None:
    """Fault row 6."""
    model = Then(Gives(shape), pick)
    x = torch.randn(2, 3, requires_grad=True)
    with pytest.raises(TypeError):
        naive_gradients(model, x)
    model.inner._backward_hooks.clear()
    model.inner._is_full_backward_hook = None

    given: list[type] = []
    model.use = lambda out: (given.append(type(out)), 3.0 * pick(out))[1]
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(x).sum())
    assert given == [type(shape(x))]
    assert run.values("backward.mean")["inner", ""] == 3.0


def test_lstm_whose_loss_uses_the_last_state_only_is_seen_there(watch: Watch) -> None:
    """Fault row 5: a full-backward hook is silent, without a warning."""
    model = Then(nn.LSTM(3, 5, batch_first=True), lambda out: out[1][0])
    x = torch.randn(2, 4, 3, requires_grad=True)
    assert naive_gradients(model, x) == []
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(x).sum())
    assert run.values("backward.mean") == {("inner", "[1][0]"): 1.0}


def test_packed_sequence_is_seen_inside(watch: Watch) -> None:
    """Fault row 5."""
    model = Then(nn.LSTM(3, 5, batch_first=True), lambda out: 2.0 * out[0].data)
    packed = pack_padded_sequence(torch.randn(2, 4, 3, requires_grad=True), torch.tensor([4, 2]), batch_first=True)
    assert isinstance(packed, PackedSequence)
    run = watch(model)
    run.tick(HookKind.FORWARD, "inner")
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(packed).sum())
    assert set(run.values("forward.mean")) >= {("inner", ""), ("inner", "[1][0]"), ("inner", "[1][1]")}
    assert run.values("backward.mean")["inner", ""] == 2.0


def test_first_layers_full_backward_hook_warns_each_run_and_ours_does_not(watch: Watch) -> None:
    model = Then(nn.Linear(3, 3), lambda y: y)
    x = torch.randn(2, 3)  # needs no gradient, as data do not
    seen: list[Any] = []
    handle = model.inner.register_full_backward_hook(lambda _m, inputs, _o: seen.append(inputs))
    with pytest.raises(UserWarning, match="require gradients"):
        model(x).sum().backward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(x).sum().backward()
    assert seen == [(None,)]
    handle.remove()
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: 4.0 * model(x).sum())  # warnings are errors here
    assert run.values("backward.mean") == {("inner", ""): 4.0}


def test_gradient_that_autograd_grad_takes_is_seen_where_others_are_silent(watch: Watch) -> None:
    """``torch.autograd.grad(loss, parameters)`` runs neither full-backward nor post-accumulate hooks."""
    model = Then(nn.Linear(3, 3), lambda y: y)
    x = torch.randn(2, 3, requires_grad=True)
    seen: list[str] = []
    handles = [
        model.inner.register_full_backward_hook(lambda *_: seen.append("full backward")),
        model.inner.weight.register_post_accumulate_grad_hook(lambda _: seen.append("post accumulate")),
    ]
    torch.autograd.grad(model(x).sum(), list(model.parameters()))
    assert seen == []
    for handle in handles:
        handle.remove()
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.tick(HookKind.TENSOR, "inner.bias")
    run.raw_step(lambda: float(torch.autograd.grad(3.0 * model(x).sum(), list(model.parameters()))[1].sum()))
    assert run.values("backward.mean") == {("inner", ""): 3.0}
    assert run.values("tensor.mean") == {("inner.bias", ""): 6.0}


def test_module_that_returns_its_input_keeps_returning_it(watch: Watch) -> None:
    """A full-backward hook puts another tensor in its place."""
    model = Then(nn.Identity(), lambda y: y)
    x = torch.randn(2, 3, requires_grad=True)
    handle = model.inner.register_full_backward_hook(lambda *_: None)
    assert model.inner(x) is not x
    handle.remove()
    model.inner._is_full_backward_hook = None
    same: list[bool] = []
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: (same.append(model.inner(x) is x), model(x).sum())[1])
    assert same == [True]
    assert run.values("backward.mean")["inner", "call 1"] == 1.0


def test_two_backwards_through_one_forward_are_two_sightings(watch: Watch) -> None:
    """``retain_graph``; and with ``create_graph`` a gradient has a graph of its own, which nobody may keep."""
    model = Then(nn.Linear(3, 1), lambda y: y)
    x = torch.randn(2, 3, requires_grad=True)
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.tick(HookKind.TENSOR, "inner.bias")

    def train() -> float:
        loss = model(x).square().sum()
        (slope,) = torch.autograd.grad(loss, x, create_graph=True)
        (loss + slope.square().sum()).backward()
        return 0.0

    run.raw_step(train)
    assert run.now("inner", BACKWARD).n_fires == 2
    assert all(entry.status is HookStatus.ACTIVE for entry in run.entries())


def test_output_in_half_precision_under_autocast_is_measured_in_single(watch: Watch) -> None:
    """300 elements of 1 000 have a sum of squares beyond float16."""
    model = Then(nn.Linear(3, 300), lambda y: y)
    run = watch(model)
    run.tick(HookKind.FORWARD, "inner")
    nn.init.zeros_(model.inner.weight)
    nn.init.constant_(model.inner.bias, 1000.0)
    assert torch.full((300,), 1000.0, dtype=torch.float16).pow(2).sum().sqrt().isinf()  # the naive norm

    def loss() -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.float16):
            return model(torch.ones(1, 3)).float().sum()

    run.step(loss)
    assert run.values("forward.mean")["inner", ""] == 1000.0
    assert run.values("forward.std")["inner", ""] == 0.0
    assert "float16" in run.now("inner", HookKind.FORWARD).seen
