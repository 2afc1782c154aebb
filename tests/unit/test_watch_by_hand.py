"""Steps of loops that update weights without an optimizer, or move them for a moment beside one."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters

import moduleview

LR = 0.125


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)).double()


def batch(step: int) -> torch.Tensor:
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64)


def sub(parameter: nn.Parameter, change: torch.Tensor) -> None:
    with torch.no_grad():
        parameter.sub_(change)


def sub_through_data(parameter: nn.Parameter, change: torch.Tensor) -> None:
    parameter.data.sub_(change)


def new_data(parameter: nn.Parameter, change: torch.Tensor) -> None:
    parameter.data = parameter.data - change


def copy(parameter: nn.Parameter, change: torch.Tensor) -> None:
    with torch.no_grad():
        parameter.copy_(parameter - change)


def sub_all(model: nn.Module) -> None:
    for parameter in model.parameters():
        sub(parameter, LR * parameter.grad)


UPDATES = [sub, sub_through_data, new_data, copy]


class ByHand:
    """What a watch is to say of a loop, computed beside it in float64."""

    def __init__(self, w: moduleview.Watch, model: nn.Module) -> None:
        self.w, self.parameters = w, dict(model.named_parameters())
        self.losses: list[float] = []
        self.norms: dict[str, list[float]] = {name: [] for name in self.parameters}
        self.ratios: dict[str, list[float]] = {name: [] for name in self.parameters}

    def note(self, loss: torch.Tensor, gradients: tuple[torch.Tensor, ...], update: Callable[[], None]) -> None:
        """A step: its loss and gradients, and what updates the weights."""
        before = [parameter.detach().clone() for parameter in self.parameters.values()]
        for norms, gradient in zip(self.norms.values(), gradients, strict=True):
            norms.append(gradient.norm().item())
        self.losses.append(loss.item())
        update()
        for ratios, old, new in zip(self.ratios.values(), before, self.parameters.values(), strict=True):
            ratios.append(((new.detach() - old).norm() / old.norm()).item())

    def assert_is_measured(self, *, has_loss: bool = True) -> None:
        steps = list(range(len(self.losses)))
        assert self.w.n_steps == len(steps)
        assert self.w.log == ()
        if has_loss:
            assert self.w.series("loss")[1].tolist() == pytest.approx(self.losses, rel=1e-6)
        for name in self.parameters:
            for quantity, expected in (
                ("grad_norm", self.norms),
                ("local_grad_norm", self.norms),
                ("update_ratio", self.ratios),
            ):
                found = self.w.series(quantity, name)
                assert found[0].tolist() == steps, (quantity, name)
                assert found[1].tolist() == pytest.approx(expected[name], rel=1e-6), (quantity, name)


@pytest.mark.parametrize("update", UPDATES)
def test_gradients_asked_of_autograd_and_used_by_hand_make_steps(
    update: Callable[[nn.Parameter, torch.Tensor], None],
) -> None:
    model = net()
    parameters = list(model.parameters())
    with moduleview.watch(model) as w:
        run = ByHand(w, model)
        for step in range(4):
            loss = model(batch(step)).square().mean()
            gradients = torch.autograd.grad(loss, parameters)

            def use(gradients: tuple[torch.Tensor, ...] = gradients) -> None:
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    update(parameter, LR * gradient)

            run.note(loss, gradients, use)
        run.assert_is_measured()


@pytest.mark.parametrize("update", UPDATES)
def test_accumulated_gradients_used_by_hand_make_steps(update: Callable[[nn.Parameter, torch.Tensor], None]) -> None:
    model = net()
    parameters = list(model.parameters())
    with moduleview.watch(model) as w:
        run = ByHand(w, model)
        for step in range(4):
            model.zero_grad(set_to_none=step % 2 == 0)
            loss = model(batch(step)).square().mean()
            loss.backward()

            def use() -> None:
                for parameter in parameters:
                    update(parameter, LR * parameter.grad)

            run.note(loss, tuple(parameter.grad for parameter in parameters), use)
        run.assert_is_measured()


def test_what_is_kept_from_step_to_step_is_of_the_whole_step_not_of_its_passes() -> None:
    """Nobody knows which pass is the last one before an update by hand, so each is looked at."""

    def train(model: nn.Module, update: Callable[[], None]) -> list[torch.Tensor]:
        found = []
        for step in range(40):
            model.zero_grad()
            for micro in range(3):
                model(batch(3 * step + micro)).square().mean().backward()
            found.append(model[0].weight.grad.flatten().clone())
            update()
        return found

    by_hand, other = net(), net()
    optimizer = torch.optim.SGD(other.parameters(), lr=LR)
    quantities = ("grad_cosine", "grad_snr")
    with moduleview.watch(by_hand, quantities=quantities) as w, moduleview.watch(other, quantities=quantities) as wo:
        gradients = train(by_hand, lambda: sub_all(by_hand))
        train(other, optimizer.step)
        expected = [torch.cosine_similarity(one, next_, dim=0).item() for one, next_ in itertools.pairwise(gradients)]
        assert w.series("grad_cosine", "0.weight")[0].tolist() == list(range(1, 40))
        assert w.series("grad_cosine", "0.weight")[1].tolist() == pytest.approx(expected, rel=1e-5)
        for quantity in quantities:
            assert w.series(quantity, "0.weight")[1].tolist() == wo.series(quantity, "0.weight")[1].tolist() != []


def test_gradients_asked_of_autograd_and_put_on_the_parameters_are_the_optimizers() -> None:
    model = net()
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    with moduleview.watch(model, optimizer) as w:
        run = ByHand(w, model)
        for step in range(4):
            loss = model(batch(step)).square().mean()
            gradients = torch.autograd.grad(loss, parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            run.note(loss, gradients, optimizer.step)
        run.assert_is_measured()


def test_a_parameter_that_a_pass_does_not_reach_has_no_gradient_in_it() -> None:
    model = net()
    model.register_parameter("unused", nn.Parameter(torch.ones(2)))
    with moduleview.watch(model) as w:
        for step in range(3):
            parameters = list(model.parameters())
            gradients = torch.autograd.grad(model(batch(step)).square().mean(), parameters, allow_unused=True)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    sub(parameter, LR * gradient)
    assert w.log == ()
    assert w.series("grad_norm", "0.weight")[0].tolist() == [0, 1, 2]
    assert w.series("grad_norm", "unused")[0].tolist() == []
    assert w.series("update_norm", "unused")[1].tolist() == [0.0, 0.0, 0.0]


def test_gradients_for_a_penalty_or_of_inputs_are_no_passes_of_their_own() -> None:
    model = net()
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=0.01)
    with moduleview.watch(model, optimizer) as w:
        run = ByHand(w, model)
        for step in range(3):
            optimizer.zero_grad()
            x = batch(step).requires_grad_()
            output = model(x).square().mean()
            slopes = torch.autograd.grad(output, x, create_graph=True)[0].square().sum()
            penalty = sum(one.square().sum() for one in torch.autograd.grad(output, parameters, create_graph=True))
            loss = output + slopes + penalty
            loss.backward()
            run.note(loss, tuple(parameter.grad for parameter in parameters), optimizer.step)
        run.assert_is_measured()


@pytest.mark.parametrize("is_given", [True, False])
def test_sharpness_aware_minimisation_by_hand_makes_one_step_an_update(is_given: bool) -> None:
    """Two passes, the weights moved in between and put back: only the optimizer's step is one."""
    model = net()
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    with moduleview.watch(model, *([optimizer] if is_given else [])) as w:
        run = ByHand(w, model)
        for step in range(3):
            optimizer.zero_grad()
            model(batch(step)).square().mean().backward()
            ascents = [0.05 * parameter.grad for parameter in parameters]
            for parameter, ascent in zip(parameters, ascents, strict=True):
                sub(parameter, -ascent)
            optimizer.zero_grad()
            loss = model(batch(step)).square().mean()
            loss.backward()
            for parameter, ascent in zip(parameters, ascents, strict=True):
                sub(parameter, ascent)
            run.note(loss, tuple(parameter.grad for parameter in parameters), optimizer.step)
        run.assert_is_measured()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch compiles with what it deprecates itself
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
@pytest.mark.parametrize("is_given", [True, False])
@pytest.mark.parametrize("what", ["step", "loop"])
def test_what_is_compiled_around_an_optimizer_makes_a_step_each_time(is_given: bool, what: str) -> None:
    torch._dynamo.reset()
    counters.clear()
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def one_step(x: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    if what == "step":
        optimizer.step = torch.compile(optimizer.step, backend="eager")  # type: ignore[method-assign]
    else:
        one_step = torch.compile(one_step, backend="eager")
    with moduleview.watch(model, *([optimizer] if is_given else [])) as w:
        run = ByHand(w, model)
        for step in range(5):
            before = {name: parameter.detach().clone() for name, parameter in run.parameters.items()}
            run.losses.append(one_step(batch(step)).item())
            for name, parameter in run.parameters.items():
                run.norms[name].append(parameter.grad.norm().item())
                run.ratios[name].append(((parameter.detach() - before[name]).norm() / before[name].norm()).item())
        run.assert_is_measured()
    n_graphs = counters["stats"]["unique_graphs"]
    one_step(batch(5))
    assert counters["stats"]["unique_graphs"] == n_graphs


def test_an_update_that_nothing_shows_is_a_step_where_the_loop_says_so() -> None:
    model = net()
    parameters = dict(model.named_parameters())

    def loss_of(values: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(model, values, (x,)).square().mean()

    def update(step: int) -> None:
        gradients = torch.func.grad(loss_of)({name: p.detach() for name, p in parameters.items()}, batch(step))
        for name, parameter in parameters.items():
            sub(parameter, LR * gradients[name])

    with moduleview.watch(model) as w:
        update(0)
        assert w.n_steps == 0
        (said,) = w.log
        assert "call step() of this watch" in said
        w.step()
        for step in range(1, 4):
            update(step)
            w.step()
        assert w.n_steps == 4
        assert w.log == ()
        assert w.series("weight_norm", "0.weight")[0].tolist() == [0, 1, 2, 3]
        assert all(value > 0.0 for value in w.series("update_norm", "0.weight")[1].tolist())


def test_what_nobody_saw_coming_is_not_blamed_on_the_one_step_that_is_measured() -> None:
    model = net()
    with moduleview.watch(model, every=2) as w:
        for _ in range(5):
            sub(model[0].weight, torch.ones_like(model[0].weight))
            w.step()
        assert w.series("weight_norm", "0.weight")[0].tolist() == [0, 2, 4]
        assert w.series("update_norm", "0.weight")[0].tolist() == []


def test_several_optimizers_are_one_step_where_the_loop_says_so() -> None:
    model = net()
    optimizers = [torch.optim.SGD(model[i].parameters(), lr=0.1) for i in (0, 2)]
    with moduleview.watch(model) as w:
        for step in range(3):
            model.zero_grad()
            model(batch(step)).square().mean().backward()
            for optimizer in optimizers:
                optimizer.step()
            w.step()
        assert w.n_steps == 4, "the first call comes when both have ended a step each"
        for name in ("0.weight", "2.weight"):
            assert w.series("grad_norm", name)[0].tolist()[-2:] == [2, 3]
        assert len(w.series("loss")[0]) == 3


def test_an_inner_optimizers_step_is_part_of_the_outer_ones() -> None:
    """As Lookahead's, whose weights are between those of the inner one and its own."""

    class Outer(torch.optim.SGD):
        def step(self, closure: None = None) -> None:  # type: ignore[override]
            inner.step(closure)
            for parameter in model.parameters():
                sub(parameter, torch.full_like(parameter, 0.5))

    model = net()
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    outer = Outer(model.parameters(), lr=0.1)
    with moduleview.watch(model) as w:
        run = ByHand(w, model)
        for step in range(3):
            outer.zero_grad()
            loss = model(batch(step)).square().mean()
            loss.backward()
            run.note(loss, tuple(parameter.grad for parameter in model.parameters()), outer.step)
        run.assert_is_measured()


def test_a_loop_within_the_step_of_another_models_optimizer_has_its_own_steps() -> None:
    """As where a closure trains anew for each value of what is searched for."""
    model, searched = net(), nn.Parameter(torch.ones(1, dtype=torch.float64))
    outer = torch.optim.LBFGS([searched], max_iter=2)
    losses: list[float] = []

    def train() -> torch.Tensor:
        outer.zero_grad()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(2):
            optimizer.zero_grad()
            loss = model(batch(step)).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        found = searched.square().sum()
        found.backward()
        return found.detach()

    with moduleview.watch(model) as w:
        outer.step(train)
    assert w.n_steps == len(losses) > 2
    assert w.series("loss")[1].tolist() == pytest.approx(losses, rel=1e-6)


def test_a_loop_read_without_detaching_has_its_last_step() -> None:
    model = net()
    w = moduleview.watch(model)
    model(batch(0)).square().mean().backward()
    assert w.n_steps == 0
    for parameter in model.parameters():
        sub(parameter, LR * parameter.grad)
    assert w.series("grad_norm", "0.weight")[0].tolist() == [0]
    assert w.n_steps == 1
    w.detach()
