"""The gradient norm is the one that the optimizer uses, and a step that was skipped measures nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import pytest
import torch
from torch import nn
from watched_run import Watch, digest

from moduleview.hooks.model_index import ModelIndex
from moduleview.probes.base import StepView
from moduleview.probes.grad_norm import GradNorm
from moduleview.telemetry.hooks import HookKind


def ones_loss(model: nn.Module) -> Callable[[], torch.Tensor]:
    """Its gradient is 2 at every element of the weight and bias of a Linear(3, 1)."""
    return lambda: model(torch.ones(2, 3)).sum()


def test_a_scaled_loss_gives_the_unscaled_norm(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(HookKind.TENSOR, "bias")
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    def train() -> None:
        run.optimizer.zero_grad()
        scaler.scale(ones_loss(model)()).backward()
        scaler.step(run.optimizer)
        scaler.update()

    run.raw_step(train)
    assert run.values("grad_norm") == pytest.approx({("weight", ""): math.sqrt(12), ("bias", ""): 2.0})
    assert run.values("tensor.mean") == {("bias", ""): 2048.0}  # a tensor hook sees what backward made


def test_a_fused_optimizer_that_unscales_itself_is_divided_for(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)

    def train(found_inf: float) -> None:
        optimizer.zero_grad()
        (1024.0 * ones_loss(model)()).backward()
        optimizer.grad_scale, optimizer.found_inf = torch.tensor(1024.0), torch.tensor(found_inf)  # as GradScaler does
        optimizer.step()

    run.raw_step(lambda: train(0.0))
    assert run.values("grad_norm")["bias", ""] == 2.0
    run.raw_step(lambda: train(1.0))
    assert run.values("grad_norm") == {}
    assert "overhead" in {key for key in ("overhead",) if run.values(key)}


@pytest.mark.parametrize("n_good", [0, 1])
def test_a_step_that_mixed_precision_skipped_is_not_measured(watch: Watch, n_good: int) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    def train(factor: float) -> None:
        run.optimizer.zero_grad()
        scaler.scale(factor * ones_loss(model)()).backward()
        scaler.step(run.optimizer)
        scaler.update()

    for _ in range(n_good):
        run.raw_step(lambda: train(1.0))
    run.raw_step(lambda: train(math.inf))
    assert run.values("grad_norm") == {}
    run.raw_step(lambda: train(1.0))
    assert run.values("grad_norm")["bias", ""] == pytest.approx(2.0)


def test_an_update_by_hand_is_measured_at_the_steps_end(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)

    def train(factor: float) -> None:
        for parameter in model.parameters():
            parameter.grad = None
        (factor * ones_loss(model)()).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.1 * parameter.grad

    run.raw_step(lambda: train(1.0))
    assert run.values("grad_norm")["bias", ""] == 2.0
    run.raw_step(lambda: train(math.nan))
    assert math.isnan(run.values("grad_norm")["bias", ""])  # measured, and NaN


def test_accumulated_micro_batches_have_one_norm_and_a_tensor_value_each(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(HookKind.TENSOR, "bias")

    def train() -> None:
        run.optimizer.zero_grad()
        for _ in range(3):
            ones_loss(model)().backward()
        run.optimizer.step()

    run.raw_step(train)
    assert run.values("grad_norm")["bias", ""] == 6.0
    assert run.values("tensor.mean") == {("bias", ""): 2.0, ("bias", "call 1"): 2.0, ("bias", "call 2"): 2.0}


def test_the_norm_is_taken_after_clipping_and_before_zero_grad(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)

    def train() -> None:
        ones_loss(model)().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        run.optimizer.step()
        run.optimizer.zero_grad()

    run.raw_step(train)
    total = math.sqrt(sum(norm**2 for norm in run.values("grad_norm").values()))
    assert total == pytest.approx(1.0, rel=1e-4)


def test_a_tied_parameter_has_one_norm_at_its_first_place(watch: Watch) -> None:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False))
    model[1].weight = model[0].weight
    run = watch(model)
    run.step(lambda: model(torch.tensor([0, 1])).sum())
    assert list(run.values("grad_norm")) == [("0.weight", "")]


def test_two_optimizers_in_one_step_are_both_measured_and_a_strangers_is_not(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    stranger = nn.Linear(3, 1)
    run = watch(model)
    optimizers = [torch.optim.SGD(part.parameters(), lr=0.1) for part in (*model, stranger)]

    def train() -> None:
        (model(torch.ones(2, 3)).sum() + stranger(torch.ones(2, 3)).sum()).backward()
        for optimizer in optimizers:
            optimizer.step()

    run.raw_step(train)
    assert {fqn for fqn, _ in run.values("grad_norm")} == {"0.weight", "0.bias", "1.weight", "1.bias"}


def test_a_sparse_gradient_with_repeated_rows_has_its_true_norm(watch: Watch) -> None:
    model = nn.Embedding(5, 2, sparse=True)
    run = watch(model)
    run.tick(HookKind.TENSOR, "weight")
    run.tick(HookKind.BACKWARD, "")
    run.step(lambda: model(torch.tensor([1, 1, 1])).sum())
    assert run.values("grad_norm")["weight", ""] == pytest.approx(math.sqrt(2 * 3.0**2))
    assert run.values("tensor.max")["weight", ""] == 3.0


@pytest.mark.parametrize(
    ("gradient", "norm"),
    [
        (lambda: torch.full((4,), 1e4, dtype=torch.float16), 2e4),  # its square is beyond half precision
        (lambda: torch.full((4,), 3.0, dtype=torch.bfloat16), 6.0),
        (lambda: torch.full((4,), 1e30, dtype=torch.float64), 2e30),
        (lambda: torch.full((4,), 1e-25), 2e-25),  # its square is below single precision
        (lambda: torch.full((4,), 1e-40), 2e-40),
        (lambda: torch.full((4,), 1e30), 2e30),
        (lambda: torch.full((4,), 1e-25, dtype=torch.bfloat16), 2e-25),
        (lambda: torch.full((4,), 1e-25).to_sparse(), 2e-25),
        (lambda: torch.full((4,), 1e-200, dtype=torch.float64), 0.0),  # float32 carries it no further
        (lambda: torch.tensor([math.nan, 1.0]), math.nan),
        (lambda: torch.tensor([3 + 4j, 0]), 5.0),
        (lambda: torch.tensor([3.0, 4.0]).to(torch.float8_e4m3fn), 5.0),
        (lambda: torch.tensor([3, 4]), 5.0),
        (lambda: torch.zeros(0), None),
        (lambda: torch.tensor([math.inf, 1.0]), math.inf),
        (lambda: torch.ones(2, 2).to_sparse_csr(), 2.0),
        (lambda: torch.ones(3, device="meta"), None),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), None),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), None),
    ],
    ids=[
        "float16",
        "bfloat16",
        "float64",
        "tiny",
        "subnormal",
        "huge",
        "tiny bfloat16",
        "tiny sparse",
        "tiny float64",
        "nan",
        "complex",
        "float8",
        "int",
        "empty",
        "inf",
        "csr",
        "meta",
        "quantised",
        "nested",
    ],
)
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support", "ignore:The PyTorch API of nested")
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor", "ignore:.*quantiz.*")
def test_every_kind_of_gradient_has_its_norm_or_none(gradient: Callable[[], torch.Tensor], norm: float | None) -> None:
    class Holder:
        """Stands for a parameter: not every one of these can be put on one."""

        grad = gradient()

    found = [measured.values for measured in GradNorm().measure(StepView(0, {"p": Holder()}))]  # type: ignore[dict-item]
    if norm is None:
        assert found == []
    else:
        assert found[0].dtype is torch.float32
        assert float(found[0]) == pytest.approx(norm, rel=1e-2, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("give", [lambda step, c: step(c), lambda step, c: step(closure=c)], ids=["first", "named"])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.LBFGS])
def test_gradients_that_a_closure_computes_are_those_of_this_step(
    watch: Watch, kind: type[torch.optim.Optimizer], give: Callable[..., object]
) -> None:
    """Before the step they are those of the last one."""
    model = nn.Linear(3, 1)
    run = watch(model)
    optimizer = kind(model.parameters(), lr=0.1)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(torch.ones(2, 3)).square().sum()
        loss.backward()
        return loss

    def train() -> float:
        give(optimizer.step, closure)
        return 0.0

    for _ in range(3):
        run.raw_step(train)
        true = {("weight", ""): model.weight.grad.double().norm().item(), ("bias", ""): model.bias.grad.norm().item()}
        assert run.values("grad_norm") == pytest.approx(true)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch compiles with what it deprecates itself
def test_a_compiled_optimizer_step_is_measured_and_not_broken_into(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    step = torch.compile(run.optimizer.step, backend="eager")

    def train() -> float:
        run.optimizer.zero_grad()
        ones_loss(model)().backward()
        step()
        return 0.0

    for _ in range(2):
        run.raw_step(train)  # warnings are errors here, Dynamo's too
        assert run.values("grad_norm") == pytest.approx({("weight", ""): math.sqrt(12), ("bias", ""): 2.0})


def test_a_parameter_without_gradient_is_absent_and_zero_is_zero(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 1), nn.Linear(3, 1))
    run = watch(model)
    run.step(lambda: 0.0 * model[0](torch.ones(2, 3)).sum())
    assert run.values("grad_norm") == {("0.weight", ""): 0.0, ("0.bias", ""): 0.0}


def test_a_new_parameter_is_measured_from_the_next_step_on(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 1))
    run = watch(model)
    run.step(ones_loss(model))
    model.append(nn.Linear(1, 1))
    run.optimizer.add_param_group({"params": model[1].parameters()})
    run.step(ones_loss(model))
    run.step(ones_loss(model))
    assert ("1.weight", "") in run.values("grad_norm")


def test_measuring_does_not_change_the_run(watch: Watch) -> None:
    def weights(*, watched: bool) -> list[bytes]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Linear(3, 1))
        run = watch(model)
        if not watched:
            run.recorder.detach()
        for _ in range(5):
            if watched:
                run.step(ones_loss(model))
            else:
                run.optimizer.zero_grad()
                ones_loss(model)().backward()
                run.optimizer.step()
        return digest(model)

    assert weights(watched=True) == weights(watched=False)


def test_a_forked_worker_measures_nothing(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(HookKind.FORWARD, "")
    run.tick(HookKind.FORWARD_PRE, "")
    run.recorder.begin_step(0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run.optimizer.zero_grad()
            ones_loss(model)().backward()
            run.optimizer.step()
            seen = (
                run.recorder.hooks._sightings.seen,
                run.recorder._emitter._values._pieces,
                run.recorder._way.stations,
            )
            os.write(writer, b"nothing" if not any(seen) else b"something")
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    assert os.read(reader, 20) == b"nothing"
    os.close(reader)
    assert os.waitpid(child, 0)[1] == 0
    run.recorder.end_step(0, 0.0, None)


def test_an_index_finds_modules_that_contain_themselves_and_deep_ones() -> None:
    looped = nn.Sequential(nn.Linear(1, 1))
    looped.add_module("self", looped)
    assert list(ModelIndex(looped).modules) == ["", "0", "self"]
    deep: nn.Module = nn.Linear(1, 1)
    for _ in range(3000):
        deep = nn.Sequential(deep)
    assert len(ModelIndex(deep).modules) == 3001
