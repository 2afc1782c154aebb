"""What others do with a watched model works as if it were not watched."""

from __future__ import annotations

import copy
import io
import pickle
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.optim.swa_utils import AveragedModel
from watched_run import Watch, WatchedRun, digest, traces

from moduleview.hooks.board import list_hooks
from moduleview.telemetry.hooks import MODULE_KINDS, OPTIMIZER_KINDS, PARAMETER_KINDS, HookKind, HookStatus


def everything_ticked(watch: Watch, model: nn.Module) -> WatchedRun:
    run = watch(model)
    for kind in MODULE_KINDS:
        run.tick(kind, *(fqn for fqn, _ in model.named_modules()))
    for kind in PARAMETER_KINDS:
        run.tick(kind, *(fqn for fqn, _ in model.named_parameters()))
    for kind in OPTIMIZER_KINDS:
        run.tick(kind, "")
    x = torch.ones(2, 3, requires_grad=True)
    for _ in range(2):
        run.step(lambda: model(x).sum())
    return run


def test_copies_of_a_watched_model_carry_no_hook_that_does_anything(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    run = everything_ticked(watch, model)
    run.tick(HookKind.FORWARD)
    n_fires = [entry.n_fires for entry in run.entries() if entry.kind in (HookKind.FORWARD_PRE, HookKind.TENSOR)]
    copies = [copy.deepcopy(model), AveragedModel(model).module, pickle.loads(pickle.dumps(model)), copy.copy(model)]
    run.recorder.begin_step(run.n_steps)
    for one in copies[:3]:
        one(torch.ones(2, 3, requires_grad=True)).sum().backward()
    run.recorder.end_step(run.n_steps, 1.0, None)
    run.tick(HookKind.FORWARD)
    after = [entry.n_fires for entry in run.entries() if entry.kind in (HookKind.FORWARD_PRE, HookKind.TENSOR)]
    assert after == n_fires


def test_a_saved_module_loads_where_moduleview_is_not_installed(watch: Watch, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    everything_ticked(watch, model)
    path = tmp_path / "model.pt"
    torch.save(model, path)
    script = (
        "import sys; sys.modules['moduleview'] = None\n"
        "import torch; model = torch.load(sys.argv[1], weights_only=False)\n"
        "x = torch.ones(2, 3, requires_grad=True); model(x).sum().backward(); print(model(x).sum().item())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(float(model(torch.ones(2, 3)).sum().detach()))


def test_a_state_dict_of_a_watched_model_is_the_plain_one(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    before = list(model.state_dict())
    everything_ticked(watch, model)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    assert list(torch.load(buffer, weights_only=True)) == before


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_hooks_of_the_owner_stay_when_ours_go(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1))
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    nn.utils.weight_norm(model[1])
    calls: list[str] = []
    model[2].register_forward_hook(lambda *_: calls.append("forward"))
    model[2].register_full_backward_pre_hook(lambda *_: calls.append("backward_pre"))
    model[2].weight.register_hook(lambda _: calls.append("tensor"))
    before = traces(model)
    run = everything_ticked(watch, model)
    assert len(traces(model)) > len(before)
    run.recorder.detach()
    assert traces(model) == before
    calls.clear()
    assert torch.count_nonzero(model[0].weight) <= 5
    model(torch.ones(2, 3)).sum().backward()
    assert calls == ["forward", "backward_pre", "tensor"]


def test_spectral_norm_is_not_moved_by_being_watched(watch: Watch) -> None:
    def weights(*, ticked: bool) -> list[bytes]:
        torch.manual_seed(0)
        model = nn.Sequential(parametrizations.spectral_norm(nn.Linear(3, 3)), nn.Linear(3, 1))
        if ticked:
            everything_ticked(watch, model)
        else:
            x = torch.ones(2, 3, requires_grad=True)
            run = watch(model)
            for _ in range(2):
                run.step(lambda: model(x).sum())
        return digest(model)

    assert weights(ticked=True) == weights(ticked=False)


def test_the_transformers_fast_path_is_still_taken(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    run = watch(model)
    run.tick(HookKind.FORWARD, "linear1", "self_attn.out_proj")
    fast: list[int] = []
    original = torch._transformer_encoder_layer_fwd

    def noted(*args: object) -> torch.Tensor:
        fast.append(1)
        return original(*args)

    monkeypatch.setattr(torch, "_transformer_encoder_layer_fwd", noted)

    def evaluate() -> None:
        with torch.no_grad():
            model(torch.randn(2, 3, 8))

    run.raw_step(evaluate)
    assert fast == [1]


def test_a_frozen_parameter_says_so_and_is_taken_up_again_when_it_thaws(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    model.bias.requires_grad_(False)
    run = watch(model)
    run.tick(HookKind.TENSOR, "bias", "weight")
    assert run.entry("bias", HookKind.TENSOR).status is HookStatus.CANNOT_FIRE
    assert "frozen" in run.entry("bias", HookKind.TENSOR).reason
    run.step(lambda: model(torch.ones(2, 3)).sum())
    model.bias.requires_grad_(True)
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.values("tensor.mean")["bias", ""] == 2.0
    model.bias.requires_grad_(False)
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.entry("bias", HookKind.TENSOR).status is HookStatus.CANNOT_FIRE


def test_swapped_parameters_get_their_hook_again(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(HookKind.TENSOR, "weight")
    run.step(lambda: model(torch.ones(2, 3)).sum())
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        model.to(torch.float64)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)
    run.step(lambda: model(torch.ones(2, 3, dtype=torch.float64)).sum())
    assert run.values("tensor.mean") == {("weight", ""): 2.0}


def test_a_lazy_parameter_gets_its_hook_after_the_first_input(watch: Watch) -> None:
    model = nn.LazyLinear(1)
    run = watch(model)
    run.optimizer = None
    run.tick(HookKind.TENSOR, "weight")
    run.tick(HookKind.FORWARD, "")
    assert "lazy" in run.entry("weight", HookKind.TENSOR).reason
    for _ in range(2):
        run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.values("tensor.mean") == {("weight", ""): 2.0}
    assert list(run.values("forward.mean")) == [("", "")]


class Hard(nn.Module):
    """Shared, tied, in place, a view, a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.shared = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(4, 7)
        self.head.weight = self.embed.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.shared(self.embed(x))
        y.relu_()
        y = self.drop(self.shared(y))
        y += 1.0
        return self.head(self.norm(y.flatten(0, 1)))


def hard_run(watch: Watch, seed: int | None) -> list[bytes]:
    torch.manual_seed(0)
    model = Hard()
    run = watch(model)
    chance = random.Random(seed)
    nodes = [fqn for fqn, _ in model.named_modules()]
    tensors = [fqn for fqn, _ in model.named_parameters(remove_duplicate=False)]
    x = torch.randint(0, 7, (3, 5))
    losses = []
    for _ in range(6):
        for _ in range(0 if seed is None else chance.randrange(6)):
            kind = chance.choice(list(HookKind))
            chosen = chance.sample(tensors if kind in PARAMETER_KINDS else nodes, 2)
            run.tick(kind, *chosen, enabled=chance.random() < 0.7)
        losses.append(run.step(lambda: nn.functional.cross_entropy(model(x), x.flatten())))
    run.recorder.detach()
    assert traces(model) == []
    assert all(entry.status is not HookStatus.FAILED for entry in (run.entries() if seed is not None else ()))
    return [*digest(model), torch.stack([loss.detach() for loss in losses]).numpy().tobytes()]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_weights_are_bit_for_bit_those_of_a_run_that_was_never_watched(watch: Watch, seed: int) -> None:
    assert hard_run(watch, seed) == hard_run(watch, None)


def test_the_board_lists_everyones_hooks_and_knows_ours(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 1))

    def mine(*_: object) -> None: ...

    model[0].register_forward_hook(mine)
    model[0].register_full_backward_hook(mine)
    model[0].register_state_dict_post_hook(mine)
    model[0].bias.register_post_accumulate_grad_hook(mine)
    everything_ticked(watch, model)
    found = {(f"{hook.kind} {hook.place}".strip(), hook.is_ours): hook for hook in list_hooks(model[0])}
    assert {kind for kind, ours in found if not ours} == {
        "forward",
        "full_backward",
        "state_dict",
        "post_accumulate_grad bias",
    }
    assert {kind for kind, ours in found if ours} == {
        "forward_pre",
        "backward_pre",
        "full_backward",
        "state_dict_pre",
        "state_dict",
        "load_state_dict_pre",
        "load_state_dict_post",
        "tensor weight",
        "tensor bias",
        "post_accumulate_grad weight",
        "post_accumulate_grad bias",
    }
    theirs = found["forward", False]
    assert theirs.name.endswith("mine")
    path, line = theirs.location.rsplit(":", 1)
    assert path == __file__
    assert int(line) == mine.__code__.co_firstlineno
