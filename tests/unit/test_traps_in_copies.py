"""Hooks travel with a model that is copied, pickled or averaged; ours stay where a person put them. Fault row 26."""

from __future__ import annotations

import copy
import io
import pickle
import threading
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from watched_run import Watch, WatchedRun

from moduleview.telemetry.hooks import MODULE_KINDS, HookKind


class Recording:
    """A hook as a naive tool writes it: a bound method of what records."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def hook(self, module: nn.Module, args: object, output: object) -> None:
        self.seen.append(type(module).__name__)


def watched_model(watch: Watch) -> WatchedRun:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    run = watch(model)
    for kind in MODULE_KINDS:
        run.tick(kind, "", "0", "1")
    run.tick(HookKind.TENSOR, "0.weight", "1.bias")
    x = torch.ones(2, 3, requires_grad=True)
    for _ in range(2):
        run.step(lambda: model(x).sum())
    return run


def ema(model: nn.Module) -> nn.Module:
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    averaged.update_parameters(model)
    return averaged.module


def saved_and_loaded(model: nn.Module) -> nn.Module:
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    assert isinstance(loaded, nn.Module)
    return loaded


COPIES = [copy.deepcopy, ema, lambda model: pickle.loads(pickle.dumps(model)), saved_and_loaded]


@pytest.mark.parametrize("make_copy", COPIES[:2], ids=["deepcopy", "EMA"])
def test_hook_that_is_a_bound_method_is_copied_with_all_that_it_records(
    make_copy: Callable[[nn.Module], nn.Module],
) -> None:
    model, recording = nn.Linear(3, 1), Recording()
    model.register_forward_hook(recording.hook)
    make_copy(model)(torch.ones(1, 3))
    assert recording.seen == []  # a second recording got it
    model._forward_hooks.clear()
    model.register_forward_hook(lambda module, args, output: recording.hook(module, args, output))
    make_copy(model)(torch.ones(1, 3))
    assert recording.seen == ["Linear"]  # and a function is shared: the copy reports into our run


def test_hook_that_holds_a_lock_breaks_the_users_copy() -> None:
    class Locked(Recording):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

    model = nn.Linear(3, 1)
    model.register_forward_hook(Locked().hook)
    with pytest.raises(TypeError, match="pickle"):
        AveragedModel(model)


@pytest.mark.parametrize("make_copy", COPIES[2:], ids=["pickle", "torch.save"])
def test_hook_that_is_a_local_function_breaks_the_users_checkpoint(
    make_copy: Callable[[nn.Module], nn.Module],
) -> None:
    model = nn.Linear(3, 1)
    model.register_forward_hook(lambda *_: None)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        make_copy(model)


@pytest.mark.parametrize("make_copy", COPIES, ids=["deepcopy", "EMA", "pickle", "torch.save"])
def test_copies_of_a_watched_model_work_and_report_nothing(
    watch: Watch, make_copy: Callable[[nn.Module], nn.Module]
) -> None:
    run = watched_model(watch)
    counts = {(entry.fqn, entry.kind): run.now(entry.fqn, entry.kind).n_fires for entry in run.entries()}
    other = make_copy(run.model)
    run.recorder.begin_step(run.n_steps)
    other(torch.ones(2, 3, requires_grad=True)).sum().backward()
    run.recorder.end_step(run.n_steps, 1.0, None)
    after = {(entry.fqn, entry.kind): run.now(entry.fqn, entry.kind).n_fires for entry in run.entries()}
    assert after == counts
    assert torch.equal(other(torch.ones(1, 3)), run.model(torch.ones(1, 3)))
