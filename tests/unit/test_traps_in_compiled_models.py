"""torch.compile skips module hooks that came later, without a word; and toggling them compiles again and again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters
from watched_run import Watch, WatchedRun

import moduleview
from moduleview.telemetry.hooks import OPTIMIZER_KINDS, PARAMETER_KINDS, HookKind, HookStatus

FORWARD, BACKWARD, TENSOR = HookKind.FORWARD, HookKind.BACKWARD, HookKind.TENSOR
INSIDE = "net._orig_mod.0"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch uses itself


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


@pytest.fixture(autouse=True)
def compiled_anew() -> Iterator[None]:
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def half_compiled(backend: str) -> nn.ModuleDict:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    return nn.ModuleDict({"net": torch.compile(net, backend=backend, fullgraph=True), "last": nn.Linear(3, 1)})


def train(run: WatchedRun) -> None:
    model = run.model
    run.step(lambda: model["last"](model["net"](torch.ones(2, 3))).sum())


def test_hook_that_comes_after_the_first_call_is_skipped_in_silence() -> None:
    """Fault row 11, the naive way; torch sees it when it is forced to run eagerly."""
    model = half_compiled("eager")
    seen: list[str] = []

    def call() -> None:
        model["net"](torch.ones(2, 3)).sum().backward()

    call()
    handles = [
        model["net"]._orig_mod[0].register_forward_hook(lambda *_: seen.append("module")),
        model["net"]._orig_mod[0].weight.register_hook(lambda _: seen.append("parameter")),
    ]
    call()
    assert seen == ["parameter"]
    seen.clear()
    with torch.compiler.set_stance("force_eager"):
        call()
    assert seen == ["module", "parameter"]
    for handle in handles:
        handle.remove()


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("ticked_first", [True, False])
def test_compiled_region_stays_one_graph_and_says_what_cannot_fire(
    watch: Watch, backend: str, ticked_first: bool
) -> None:
    """Fault row 11: ``fullgraph=True`` raises at a graph break."""
    run = watch(half_compiled(backend))
    if not ticked_first:
        train(run)
    run.tick(FORWARD, "net", INSIDE)
    run.tick(BACKWARD, INSIDE, "last")
    run.tick(TENSOR, "net._orig_mod.0.weight")
    for _ in range(3):
        train(run)
    for kind in (FORWARD, BACKWARD):
        assert run.entry(INSIDE, kind).status is HookStatus.CANNOT_FIRE
        assert "compiled region" in run.entry(INSIDE, kind).reason
    assert set(run.values("forward.mean")) == {("net", "")}
    assert set(run.values("backward.mean")) == {("last", "")}
    assert set(run.values("tensor.mean")) == {("net._orig_mod.0.weight", "")}
    expected = run.model["net"]._orig_mod[0].weight.grad.double().mean().item()
    assert run.values("tensor.mean")["net._orig_mod.0.weight", ""] == pytest.approx(expected, rel=1e-6)
    assert not counters["graph_break"]
    assert counters["stats"]["unique_graphs"] == 1


def test_toggling_a_hundred_times_compiles_nothing_again(watch: Watch) -> None:
    """Fault row 12."""
    run = watch(half_compiled("eager"))
    train(run)
    n_graphs = counters["stats"]["unique_graphs"]
    for toggle in range(100):
        run.tick((FORWARD, BACKWARD)[toggle % 2], "net", INSIDE, "last", enabled=toggle % 4 < 2)
        if toggle % 5 == 0:
            train(run)
    assert counters["stats"]["unique_graphs"] == n_graphs == 1
    assert not counters["graph_break"]


@torch._dynamo.config.patch(skip_nnmodule_hook_guards=False)
def test_hooks_of_ones_own_compile_again_with_each_toggle() -> None:
    """Fault row 12, the naive way: with torch's guards on hooks, so that the hook is not skipped."""
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    model = torch.compile(net, backend="eager")
    model(torch.ones(2, 3))
    for _ in range(3):
        handle = net[0].register_forward_hook(lambda _m, _i, output: None)
        model(torch.ones(2, 3))
        handle.remove()
    assert counters["stats"]["unique_graphs"] > 1


def test_compiled_in_place_as_a_whole_is_said_of_everything_below(watch: Watch) -> None:
    model = Net()
    model.compile(backend="eager", fullgraph=True)
    run = watch(model)
    run.tick(FORWARD, "", "linear")
    for enabled in (True, False, True):
        run.tick(FORWARD, "", "linear", enabled=enabled)
        run.step(lambda: model(torch.ones(2, 3)).sum())
    assert "compiled region" in run.entry("linear", FORWARD).reason
    assert counters["stats"]["unique_graphs"] == 1


def test_hooks_below_a_root_that_was_compiled_in_place_are_skipped_in_silence_and_ours_say_so(watch: Watch) -> None:
    """After ``m.compile()`` a later hook on the root fires, as if all were well, and none of those below does."""
    model = Net()
    model.compile(backend="eager")

    def call() -> torch.Tensor:
        return model(torch.ones(2, 3)).sum()

    call().backward()
    seen: list[str] = []
    handles = [model.register_forward_hook(lambda *_: seen.append("root"))]
    handles.append(model.linear.register_forward_hook(lambda *_: seen.append("linear")))
    call()
    assert seen == ["root"]
    for handle in handles:
        handle.remove()

    run = watch(model)
    n_compiled: list[int] = []
    for toggle in range(12):
        for kind in (FORWARD, BACKWARD):
            run.tick(kind, "", "linear", enabled=toggle % 2 == 1)
        run.step(call)
        n_compiled.append(counters["frames"]["total"])
    assert len(set(n_compiled[2:])) == 1, "toggling compiles again"
    assert counters["stats"]["unique_graphs"] == 1
    for kind in (FORWARD, BACKWARD):
        for fqn in ("", "linear"):
            assert run.entry(fqn, kind).status is HookStatus.CANNOT_FIRE
            assert "force_eager" in run.entry(fqn, kind).reason


def test_torch_is_told_nothing_more_when_nothing_is_ticked(watch: Watch) -> None:
    compiler = torch._dynamo.callback.callback_handler
    run = watch(half_compiled("eager"))
    run.tick(FORWARD, "last")
    train(run)
    assert len(compiler.start_callbacks) == len(compiler.end_callbacks) == 1
    torch._dynamo.reset()  # forgets them
    train(run)
    assert len(compiler.start_callbacks) == len(compiler.end_callbacks) == 1
    assert set(run.values("forward.mean")) == {("last", "")}
    run.recorder.detach()
    assert not compiler.start_callbacks
    assert not compiler.end_callbacks


def test_exported_model_holds_nothing_of_ours(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    x = torch.ones(2, 3)
    plain = torch.export.export(model, (x,)).graph_module.code
    run = watch(model)
    for kind in (HookKind.FORWARD_PRE, FORWARD, BACKWARD):
        run.tick(kind, "", "0", "1")
    code: list[str] = []
    run.raw_step(lambda: code.append(torch.export.export(model, (x,)).graph_module.code))
    assert code == [plain]
    assert run.values("forward.mean") == {}
    run.step(lambda: model(x).sum())
    assert len(run.values("forward.mean")) == 3


def test_watching_from_inside_a_script_compiles_nothing_again() -> None:
    """Fault row 12: begun, toggled and ended in between."""
    model = half_compiled("aot_eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step() -> None:
        optimizer.zero_grad()
        model["last"](model["net"](torch.ones(2, 3))).sum().backward()
        optimizer.step()

    for begins_watched in (False, True):
        if not begins_watched:
            step()
        with moduleview.watch(model, optimizer) as w:
            for toggle in range(8):
                w.set_hook(("net", INSIDE, "last"), (FORWARD, BACKWARD)[toggle % 2], enabled=toggle % 4 < 2)
                step()
            assert len(w.series("grad_norm", "net._orig_mod.0.weight")[0]) == 8
        step()
        assert not counters["graph_break"]
        assert counters["stats"]["unique_graphs"] == 1
        torch._dynamo.reset()
        counters.clear()


def test_a_compiled_step_with_its_backward_inside_trains_as_if_nobody_listened() -> None:
    """Dynamo leaves its graph for ``backward``; what listens there must not be traced, nor warn, nor change the run."""

    def train_compiled(*, watched: bool) -> tuple[list[float], int]:
        torch._dynamo.reset()
        counters.clear()
        model = nn.Linear(3, 1)
        nn.init.ones_(model.weight)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x: torch.Tensor) -> None:
            optimizer.zero_grad()
            model(x).sum().backward()
            optimizer.step()

        compiled = torch.compile(step, backend="eager")
        with moduleview.watch(model, optimizer) if watched else contextlib.nullcontext() as w:
            for _ in range(3):
                compiled(torch.ones(2, 3))
        assert w is None or w.log == ()
        return model.weight.flatten().tolist(), counters["stats"]["unique_graphs"]

    assert train_compiled(watched=True) == train_compiled(watched=False)


def test_a_compiled_region_is_seen_while_it_is_forced_to_run_eagerly(watch: Watch) -> None:
    """What is offered where nothing can fire: ``force_eager`` for some steps, and then it is compiled code again."""
    run = watch(half_compiled("eager"))
    train(run)
    run.tick(FORWARD, INSIDE)
    assert "force_eager" in run.entry(INSIDE, FORWARD).reason
    with torch.compiler.set_stance("force_eager"):
        run.tick(FORWARD, INSIDE)  # ticking again tries again
        run.tick(BACKWARD, INSIDE)
        for _ in range(2):
            train(run)
        assert set(run.values("forward.mean")) == set(run.values("backward.mean")) == {(INSIDE, "")}
    train(run)
    assert run.values("forward.mean") == {}
    assert counters["stats"]["unique_graphs"] == 1


def test_no_kind_of_hook_compiles_the_model_again() -> None:
    """Fault row 12: on the compiled module, on its parameters, on the optimizer."""
    model = half_compiled("aot_eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        for kind in HookKind:
            is_optimizers = kind in OPTIMIZER_KINDS
            fqn = "" if is_optimizers else "net._orig_mod.0.weight" if kind in PARAMETER_KINDS else "net"
            for enabled in (True, False, True, False):
                w.set_hook(fqn, kind, enabled)
                optimizer.zero_grad()
                model["last"](model["net"](torch.ones(2, 3))).sum().backward()
                optimizer.step()
        assert w.log == ()
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]
