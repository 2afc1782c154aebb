"""Other loggers as contenders of the benchmarks, each in the way that its own documentation shows, at every step.

Imports each of them only where it is installed: ``available`` says which are not, and why.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from interleaved import Contender
from models import Workload
from torch import Tensor, nn

_HOOK_DICTS = (
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_backward_pre_hooks",
    "_backward_hooks",
)


class WandbWatch(Contender):
    """``wandb.watch``, offline: it logs to a folder and asks no network."""

    def __init__(self, name: str, wandb: ModuleType, run: Any, log: str) -> None:
        super().__init__(name)
        self._wandb, self._run, self._log = wandb, run, log

    def put_on(self, workload: Workload) -> None:
        self._run.watch(workload.model, log=self._log, log_freq=1)

    def after_step(self, workload: Workload, loss: Tensor) -> None:
        self._run.log({"loss": loss.item()})

    def take_off(self, workload: Workload) -> None:
        self._run.unwatch(workload.model)


class TensorBoard(Contender):
    """A ``SummaryWriter``, and one call for each gradient behind the step."""

    def __init__(self, name: str, writer: Any, *, histograms: bool) -> None:
        super().__init__(name)
        self._writer, self._histograms = writer, histograms
        self._step = 0

    def after_step(self, workload: Workload, loss: Tensor) -> None:
        self._step += 1
        self._writer.add_scalar("loss", loss.item(), self._step)
        for name, parameter in workload.model.named_parameters():
            if parameter.grad is None:
                continue
            if self._histograms:
                self._writer.add_histogram(name, parameter.grad, self._step)
            else:
                self._writer.add_scalar(name, parameter.grad.norm().item(), self._step)


class TorchExplorer(Contender):
    """``torchexplorer.watch`` with its default logs, and no server behind it; its hooks are taken off by hand."""

    def __init__(self, name: str, torchexplorer: ModuleType) -> None:
        super().__init__(name)
        self._torchexplorer = torchexplorer
        self._before: list[tuple[nn.Module, dict[str, Any]]] = []

    def put_on(self, workload: Workload) -> None:
        model = workload.model
        self._before = [
            (module, {name: dict(getattr(module, name)) for name in _HOOK_DICTS}) for module in model.modules()
        ]
        self._torchexplorer.watch(model, log_freq=1, backend="none", verbose=False)

    def take_off(self, workload: Workload) -> None:
        for module, hooks in self._before:
            for name, earlier in hooks.items():
                current = getattr(module, name)
                current.clear()
                current.update(earlier)
            module._is_full_backward_hook = None
            module.__dict__.pop("torchexplorer_metadata", None)


@contextlib.contextmanager
def available(folder: Path) -> Iterator[list[Contender]]:
    """Every peer that is installed; writes what they write into a folder."""
    with contextlib.ExitStack() as stack:
        yield [peer for make in (_wandb, _tensorboard, _torchexplorer) for peer in make(folder, stack)]


def _wandb(folder: Path, stack: contextlib.ExitStack) -> list[Contender]:
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=str(folder))
    wandb = _module("wandb")
    if wandb is None:
        return []
    run = wandb.init(mode="offline", dir=str(folder), project="bench")
    stack.callback(run.finish)
    return [
        WandbWatch("wandb.watch, gradients", wandb, run, "gradients"),
        WandbWatch("wandb.watch, all", wandb, run, "all"),
    ]


def _tensorboard(folder: Path, stack: contextlib.ExitStack) -> list[Contender]:
    tensorboard = _module("torch.utils.tensorboard")
    if tensorboard is None:
        return []
    writer = tensorboard.SummaryWriter(str(folder / "tensorboard"))
    stack.callback(writer.close)
    return [
        TensorBoard("TensorBoard, a norm of each gradient", writer, histograms=False),
        TensorBoard("TensorBoard, a histogram of each gradient", writer, histograms=True),
    ]


def _torchexplorer(folder: Path, stack: contextlib.ExitStack) -> list[Contender]:
    torchexplorer = _module("torchexplorer")
    return [] if torchexplorer is None else [TorchExplorer("TorchExplorer", torchexplorer)]


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever an installation that does not fit raises
        print(f"not measured: {name}: {type(error).__name__}: {error}".splitlines()[0])
        return None
