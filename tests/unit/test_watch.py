"""``moduleview.watch`` in a loop that knows nothing of it."""

from __future__ import annotations

import gc
import itertools
import math
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from watched_run import digest, traces

import moduleview
from moduleview.telemetry.records import ModuleReport, TensorReport


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))


def scalar() -> nn.Linear:
    """One weight, 1: its gradient is its input."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    return model


def train(model: nn.Module, optimizer: torch.optim.Optimizer, n_steps: int = 3) -> list[float]:
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = model(torch.randn(16, 8, generator=generator)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def one_pass(model: nn.Module, value: float, scale: Callable[[torch.Tensor], torch.Tensor] = lambda loss: loss) -> None:
    scale(model(torch.full((1, 1), value)).sum()).backward()


def values(w: moduleview.Watch, quantity: str, fqn: str = "weight", part: str = "") -> list[float]:
    return w.series(quantity, fqn, part=part)[1].tolist()


def test_series_have_every_step_and_the_promised_types() -> None:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    with moduleview.watch(model, optimizer) as w:
        losses = train(model, optimizer, 5)
        for quantity in ("grad_norm", "local_grad_norm", "weight_norm", "update_ratio"):
            for name, _ in model.named_parameters():
                steps, found = w.series(quantity, name)
                assert (steps.dtype, found.dtype) == (np.int64, np.float32)
                assert steps.tolist() == [0, 1, 2, 3, 4]
                assert np.isfinite(found).all()
            assert [key.fqn for key in w.keys(quantity)] == [name for name, _ in model.named_parameters()]
        assert w.series("loss")[1].tolist() == pytest.approx(losses, rel=1e-6)
    assert w.n_steps == 5


def test_numbers_are_those_computed_by_hand() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    with moduleview.watch(model, optimizer) as w:
        for step in range(3):
            before = {name: p.detach().double().clone() for name, p in model.named_parameters()}
            train(model, optimizer, 1)
            for name, p in model.named_parameters():
                assert values(w, "grad_norm", name)[step] == pytest.approx(p.grad.double().norm().item(), rel=1e-6)
                after = p.detach().double()
                assert values(w, "weight_norm", name)[step] == pytest.approx(after.norm().item(), rel=1e-6)
                ratio = ((after - before[name]).norm() / before[name].norm()).item()
                assert values(w, "update_ratio", name)[step] == pytest.approx(ratio, rel=1e-6)


def test_a_watched_run_ends_bit_for_bit_like_an_unwatched_one_and_leaves_no_trace() -> None:
    def run(*, is_watched: bool) -> list[bytes]:
        model = net()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        if is_watched:
            with moduleview.watch(model, optimizer) as w:
                w.set_hook("0", "forward")
                w.set_hook("2", "backward")
                train(model, optimizer, 5)
                w.set_hook("0", "forward", False)
            assert traces(model) == []
            assert vars(optimizer)["_optimizer_step_pre_hooks"] == {}
        else:
            train(model, optimizer, 5)
        train(model, optimizer, 2)
        return digest(model)

    bare = torch.autograd.backward, GradScaler.step, GradScaler.scale, GradScaler.unscale_
    assert run(is_watched=True) == run(is_watched=False)
    assert (torch.autograd.backward, GradScaler.step, GradScaler.scale, GradScaler.unscale_) == bare


def test_hooks_see_the_next_step_and_unticked_ones_no_more() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        train(model, optimizer, 1)
        w.set_hook(["0", "2"], "forward", True)
        w.set_hook("2", "backward", True)
        train(model, optimizer, 2)
        w.set_hook("2", "forward", False)
        train(model, optimizer, 1)
        assert w.series("forward.mean", "0")[0].tolist() == [1, 2, 3]
        assert w.series("forward.mean", "2")[0].tolist() == [1, 2]
        assert w.series("backward.std", "2")[0].tolist() == [1, 2, 3]
        with pytest.raises(ValueError, match=r"There is no hook kind 'sideways'.*forward"):
            w.set_hook("0", "sideways")


def test_an_evaluation_between_two_steps_is_not_counted_to_the_next_one() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        w.set_hook("0", "forward")
        for _ in range(2):
            train(model, optimizer, 1)
            with torch.no_grad():
                model(torch.randn(4, 8))
        assert [key.part for key in w.keys("forward.mean")] == [""]
        assert w.series("forward.mean", "0")[0].tolist() == [0, 1]


def test_stations_of_a_scaled_clipped_step_and_of_one_that_was_skipped() -> None:
    model = scalar()
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), GradScaler("cpu", init_scale=1024.0)
    with moduleview.watch(model, optimizer) as w:
        for value in (4.0, math.inf, 4.0):
            optimizer.zero_grad()
            one_pass(model, value, scaler.scale)
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
        assert values(w, "micro_grad_norm") == values(w, "accumulated_grad_norm") == [4096.0, math.inf, 2048.0]
        assert values(w, "reduced_grad_norm") == [4096.0, math.inf, 2048.0]
        assert values(w, "unscaled_grad_norm") == values(w, "local_grad_norm") == [4.0, math.inf, 4.0]
        assert w.series("grad_norm", "weight")[0].tolist() == [0, 2]
        assert values(w, "grad_norm") == pytest.approx([1.0, 1.0], rel=1e-5)  # clip_grad_norm_ divides by norm + 1e-6
        assert values(w, "update_norm") == pytest.approx([0.1, 0.0, 0.1], rel=1e-5)
        (skipped,) = w.store.skipped_steps
        assert (skipped.step, skipped.loss_scale) == (1, 1024.0)
        assert "Inf or NaN" in skipped.reason


def test_a_scaler_with_a_scale_of_its_own_is_seen_too() -> None:
    """As FSDP's ShardedGradScaler."""

    class OwnScaler(GradScaler):
        def scale(self, outputs: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            return super().scale(outputs)

    model = scalar()
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), OwnScaler("cpu", init_scale=8.0)
    with moduleview.watch(model, optimizer) as w:
        one_pass(model, 4.0, scaler.scale)
        scaler.step(optimizer)
        assert (values(w, "accumulated_grad_norm"), values(w, "local_grad_norm")) == ([32.0], [4.0])
        assert values(w, "loss", "") == [4.0]
    assert not hasattr(OwnScaler.scale, "__wrapped__")


def test_micro_batches_are_told_apart_from_what_they_add_up_to() -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(2):
            optimizer.zero_grad()
            for value in (1.0, 2.0, -4.0):
                one_pass(model, value)
            optimizer.step()
        assert [values(w, "micro_grad_norm", part=part) for part in ("", "pass 1", "pass 2")] == [
            [1.0] * 2,
            [2.0] * 2,
            [4.0] * 2,
        ]
        passes = [values(w, "accumulated_grad_norm", part=part) for part in ("pass 0", "pass 1", "")]
        assert passes == [[1.0] * 2, [3.0] * 2, [1.0] * 2]
        assert values(w, "grad_norm") == [1.0, 1.0]


@pytest.mark.parametrize("set_to_none", [True, False])
def test_what_a_pass_brings_is_right_whatever_was_there_before(set_to_none: bool) -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    model.weight.grad = torch.full((1, 1), 10.0)
    with moduleview.watch(model, optimizer) as w:
        one_pass(model, 2.0)  # stale gradient and all
        optimizer.step()
        optimizer.zero_grad(set_to_none=set_to_none)
        one_pass(model, 2.0)
        optimizer.step()
        assert values(w, "micro_grad_norm") == [2.0, 2.0]
        assert values(w, "accumulated_grad_norm") == [12.0, 2.0]


def test_clipping_by_value_and_by_the_optimizers_own_hook_is_seen() -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_pre_hook(lambda *_: nn.utils.clip_grad_value_(model.parameters(), 0.5))
    with moduleview.watch(model, optimizer) as w:
        for _ in range(2):
            optimizer.zero_grad()
            one_pass(model, 3.0)
            nn.utils.clip_grad_value_(model.parameters(), 1.0)
            optimizer.step()
        assert values(w, "unscaled_grad_norm") == [3.0, 3.0]
        assert values(w, "grad_norm") == [0.5, 0.5]
    assert len(optimizer._optimizer_step_pre_hooks) == 1


def test_gradients_that_are_clipped_now_and_then_have_all_their_stations() -> None:
    """Two of three are left alone; the first one ever comes unexpected, after that they are expected."""
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for step in range(12):
            optimizer.zero_grad()
            one_pass(model, 3.0)
            if step % 3 == 2:
                model.weight.grad.mul_(0.5)
            optimizer.step()
        assert values(w, "grad_norm") == [3.0, 3.0, 1.5] * 4
        for station in ("micro_grad_norm", "accumulated_grad_norm", "local_grad_norm", "unscaled_grad_norm"):
            assert w.series(station, "weight")[0].tolist() == [0, 1, *range(3, 12)]
            assert values(w, station) == [3.0] * 11


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.LBFGS])
def test_a_closure_computes_the_gradients_within_the_step(kind: type[torch.optim.Optimizer]) -> None:
    """As Lightning does it with every optimizer."""
    model = scalar()
    optimizer = kind(model.parameters(), lr=0.1)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(torch.full((1, 1), 2.0)).square().sum()
        loss.backward()
        return loss

    with moduleview.watch(model, optimizer) as w:
        weights = [model.weight.item()]
        for _ in range(3):
            optimizer.step(closure)
            weights.append(model.weight.item())
        moved = [abs(after - before) for before, after in itertools.pairwise(weights)]
        assert w.n_steps == 3
        assert values(w, "update_norm") == pytest.approx(moved, rel=1e-5)
        assert len(values(w, "grad_norm")) == 3


def test_updates_by_hand_are_steps_too() -> None:
    model = scalar()
    with moduleview.watch(model) as w:
        for _ in range(3):
            one_pass(model, 2.0)
            one_pass(model, 3.0)
            with torch.no_grad():
                model.weight -= 0.1 * model.weight.grad
            model.weight.grad = None
    assert w.series("grad_norm", "weight")[0].tolist() == [0, 1, 2]
    assert values(w, "grad_norm") == [5.0] * 3
    assert values(w, "micro_grad_norm", part="pass 1") == [3.0] * 3
    assert values(w, "update_norm") == pytest.approx([0.5] * 3, rel=1e-6)


def test_an_optimizer_in_backward_makes_one_step_a_backward() -> None:
    model = net()
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}

    def step_now(parameter: torch.Tensor) -> None:
        optimizers[parameter].step()  # type: ignore[index]
        optimizers[parameter].zero_grad()  # type: ignore[index]

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step_now)
    with moduleview.watch(model) as w:
        for _ in range(3):
            model(torch.ones(2, 8)).square().sum().backward()
        assert w.n_steps == 3
        for name, _ in model.named_parameters():
            assert w.series("grad_norm", name)[0].tolist() == [0, 1, 2]


def test_a_given_optimizer_ends_steps_and_another_one_does_not() -> None:
    model = net()
    first, second = (torch.optim.SGD(model[i].parameters(), lr=0.1) for i in (0, 2))
    with moduleview.watch(model, first) as w:
        for _ in range(2):
            model(torch.ones(2, 8)).square().sum().backward()
            second.step()
            first.step()
            first.zero_grad()
            second.zero_grad()
        assert w.n_steps == 2
        assert all(len(values(w, "grad_norm", name)) == 2 for name in ("0.weight", "2.weight"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch compiles with what it deprecates itself
@pytest.mark.parametrize("how", ["wrapped", "in place", "optimizer"])
def test_a_compiled_model_or_optimizer_is_measured(how: str) -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trained = torch.compile(model, backend="aot_eager") if how == "wrapped" else model
    if how == "in place":
        model.compile(backend="aot_eager")
    if how == "optimizer":
        optimizer.step = torch.compile(optimizer.step, backend="eager")  # type: ignore[method-assign]
    with moduleview.watch(trained, optimizer) as w:
        w.set_hook("0", "forward")
        losses = train(trained, optimizer, 4)
    assert values(w, "loss", "") == pytest.approx(losses[: w.n_steps], rel=1e-6)
    assert w.n_steps == 4
    assert len(values(w, "update_ratio", "0.weight")) == len(values(w, "grad_norm", "0.weight")) == 4
    assert w.log == ()


def test_of_two_optimizers_in_turn_each_step_has_what_its_own_holds() -> None:
    """As a GAN's."""
    model = net()
    optimizers = [torch.optim.SGD(model[i].parameters(), lr=0.1) for i in (0, 2)]
    with moduleview.watch(model) as w:
        for _ in range(3):
            for optimizer in optimizers:
                model.zero_grad()
                model(torch.ones(2, 8)).square().sum().backward()
                optimizer.step()
        for quantity in ("grad_norm", "local_grad_norm", "update_norm", "update_ratio"):
            assert w.series(quantity, "0.weight")[0].tolist() == [0, 2, 4], quantity
            assert w.series(quantity, "2.weight")[0].tolist() == [1, 3, 5], quantity


def test_a_parameter_that_was_put_in_anothers_place_has_no_update_before_it_is_known() -> None:
    """Of the one that is gone it would be 0, which is no number of the model's."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model) as w:
        train(model, optimizer, 3)
        model[0].weight = nn.Parameter(model[0].weight.detach().clone())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        train(model, optimizer, 4)
        assert all(value > 0.0 for value in values(w, "update_norm", "0.weight"))
        assert values(w, "update_norm", "0.weight")[-1] > 0.0


def test_an_optimizer_that_was_left_out_has_moved_nothing_and_the_other_one_has() -> None:
    model = net()
    first, second = (torch.optim.SGD(model[i].parameters(), lr=0.1) for i in (0, 2))
    scaler = GradScaler("cpu", init_scale=8.0)
    with moduleview.watch(model, second) as w:
        for gradient in (1.0, math.inf):
            model.zero_grad()
            scaler.scale(model(torch.ones(2, 8)).square().sum()).backward()
            model[0].weight.grad.fill_(gradient)
            scaler.step(first)
            scaler.step(second)
            scaler.update()
        assert [value > 0.0 for value in values(w, "update_norm", "0.weight")] == [True, False]
        assert [value > 0.0 for value in values(w, "update_norm", "2.weight")] == [True, True]


def test_a_tied_parameter_answers_to_each_of_its_names() -> None:
    model = nn.ModuleDict({"embed": nn.Linear(4, 4), "head": nn.Linear(4, 4)})
    model["head"].weight = model["embed"].weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        model["head"](model["embed"](torch.ones(1, 4))).sum().backward()
        optimizer.step()
        assert values(w, "grad_norm", "head.weight") == values(w, "grad_norm", "embed.weight") != []


def test_what_is_wrapped_answers_to_its_plain_name_wherever_the_wrapper_is() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.DataParallel(checkpoint_wrapper(net().requires_grad_())))
    model[1].module._checkpoint_wrapped_module[0] = nn.Linear(4, 32)
    model[0] = torch.compile(model[0], backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        w.set_hook(["0", "1.2"], "forward")
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.ones(3, 4)).sum().backward()
            optimizer.step()
        whole = {"0.weight": "0._orig_mod.weight", "1.2.bias": "1.module._checkpoint_wrapped_module.2.bias"}
        for plain, fqn in whole.items():
            assert fqn in {key.fqn for key in w.keys("grad_norm")}
            assert values(w, "grad_norm", plain) == values(w, "grad_norm", fqn)
            assert len(values(w, "grad_norm", plain)) == 2
        assert values(w, "forward.mean", "0") != []
        assert values(w, "forward.mean", "1.2") != []
        assert w.report("1.2.bias").value is not None
        assert w.log == ()


def test_only_the_quantities_and_steps_asked_for_are_measured() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer, quantities=["grad_norm", "update_norm"], every=2) as w:
        train(model, optimizer, 5)
        assert set(w.quantities()) - {"overhead"} == {"grad_norm", "update_ratio", "update_norm"}
        assert w.series("grad_norm", "0.weight")[0].tolist() == [0, 2, 4]
        assert w.series("grad_norm", "nowhere")[0].tolist() == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("no model",), TypeError, "takes an nn.Module first, not an object of type str"),
        ((net(), "no optimizer"), TypeError, "takes a torch.optim.Optimizer second, not str"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_sentence(
    arguments: tuple[object, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        moduleview.watch(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantities": ["grad_nrom"]}, r"There is no quantity 'grad_nrom'; there are .*grad_norm"),
        ({"every": 0}, "every must be a whole number"),
        ({"budget": 2.0}, "budget is a share"),
        ({"memory_mb": 0}, "memory_mb is a whole number"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_a_sentence(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        moduleview.watch(net(), **options)  # type: ignore[arg-type]


def test_mistakes_that_would_be_silent_are_told() -> None:
    model, other = net(), net()
    stranger = torch.optim.SGD(other.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="holds no parameter of the model"):
        moduleview.watch(model, stranger)
    with pytest.raises(ValueError, match="every must be a whole number"):
        moduleview.watch(model, every=True)
    with moduleview.watch(model) as w:
        assert repr(w) == "<moduleview.Watch of Sequential: 0 steps, attached>"
        with pytest.raises(ValueError, match=r"There is no quantity 'grad_nrom'; there are .*grad_norm"):
            w.series("grad_nrom", "0.weight")
        with pytest.raises(KeyError, match="no module 'nope'"):
            w.set_hook("nope", "forward")
        with pytest.raises(KeyError, match=r"no module '0\.weight'.*sits on modules"):
            w.set_hook("0.weight", "forward")
        with pytest.raises(KeyError, match=r"no parameter '0'.*sits on parameters"):
            w.set_hook("0", "tensor")
        assert w.series("forward.mean", "0")[0].tolist() == []
    assert repr(w).endswith("0 steps, detached>")


def test_reports_say_what_a_tensor_and_a_module_are_now() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        train(model, optimizer, 2)
        tensor, module = w.report("0.weight"), w.report("0")
        assert isinstance(tensor, TensorReport)
        assert isinstance(module, ModuleReport)
        assert (tensor.step, module.type_name) == (2, "Linear")
        assert tensor.value is not None
        assert tensor.value.norm == pytest.approx(model[0].weight.norm().item(), rel=1e-6)
        with pytest.raises(KeyError, match="no module, parameter or buffer 'nowhere'"):
            w.report("nowhere")


def test_a_long_run_keeps_every_step_until_the_memory_is_used_up_and_says_where_it_begins() -> None:
    model = nn.ParameterList([torch.ones(1) for _ in range(1000)])  # a MiB holds 262 of its steps
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer, quantities=["grad_norm"], memory_mb=1) as w:
        for step in range(270):
            for parameter in model:
                parameter.grad = torch.full((1,), float(step))
            optimizer.step()
        steps, found = w.series("grad_norm", "7")
        assert w.first_step == steps[0] > 0
        assert steps[-1] == 269
        assert len(steps) >= 250
        assert found.tolist() == steps.tolist()


def test_after_detaching_series_stay_and_hooks_are_refused() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    w = moduleview.watch(model, optimizer)
    train(model, optimizer, 2)
    w.detach()
    w.detach()
    train(model, optimizer, 2)
    assert w.series("grad_norm", "0.weight")[0].tolist() == [0, 1]
    with pytest.raises(RuntimeError, match=r"detached; call moduleview\.watch"):
        w.set_hook("0", "forward")


def test_a_detached_model_is_let_go() -> None:
    model = net()
    w = moduleview.watch(model)
    reference = weakref.ref(model[0].weight)
    w.detach()
    del model, w
    gc.collect()
    assert reference() is None


def test_two_watches_on_two_models_do_not_mix() -> None:
    models = [net(), net()]
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
    watches = [moduleview.watch(model) for model in models]
    train(models[0], optimizers[0], 3)
    train(models[1], optimizers[1], 1)
    watches[0].detach()  # not in the order in which they were put on
    train(models[1], optimizers[1], 1)
    watches[1].detach()
    assert [w.n_steps for w in watches] == [3, 2]
    assert traces(models[0]) == traces(models[1]) == []


def test_a_structure_that_changes_goes_on_under_its_names() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model) as w:
        train(model, optimizer, 2)
        model[0].weight = nn.Parameter(model[0].weight.detach().clone())
        model.append(nn.Linear(1, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        train(model, optimizer, 2)
        assert w.series("grad_norm", "0.weight")[0].tolist() == [0, 1, 2, 3]
        assert w.series("grad_norm", "3.weight")[0].tolist() == [2, 3]
        assert w.log == ()
