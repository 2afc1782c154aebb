"""A small training loop under a recorder, for tests of hooks and probes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.optim import optimizer as torch_optimizer

from moduleview.probes.recorder import Recorder
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookEntry, HookKind
from moduleview.telemetry.records import (
    CoverageMeasured,
    HooksChanged,
    LogLine,
    Record,
    SeriesDeclared,
    SeriesKey,
    StepRecord,
)


class WatchedRun:
    """Runs steps and keeps what the recorder says."""

    def __init__(self, model: nn.Module, *, lr: float = 0.1) -> None:
        self.model = model
        trainable = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(trainable, lr=lr) if trainable else None
        self.records: list[Record] = []
        self.recorder = Recorder(model, self.records.append, budget=None)
        self.recorder.attach()
        self.n_steps = 0

    def tick(self, kind: HookKind, *fqns: str, enabled: bool = True) -> None:
        self.recorder.set_hooks(SetHooks(fqns, kind, enabled))

    def step(self, loss_of: Callable[[], torch.Tensor]) -> torch.Tensor:
        """zero_grad, loss, backward, optimizer."""

        def train() -> torch.Tensor:
            if self.optimizer is not None:
                self.optimizer.zero_grad()
            loss = loss_of()
            if loss.requires_grad:
                loss.backward()
            if self.optimizer is not None:
                self.optimizer.step()
            return loss

        return self.raw_step(train)

    def raw_step(self, train: Callable[[], torch.Tensor | float | None]) -> torch.Tensor | float | None:
        """Whatever ``train`` does."""
        self.recorder.begin_step(self.n_steps)
        loss = train()
        self.recorder.end_step(self.n_steps, self.n_steps * 0.1, loss)
        self.n_steps += 1
        return loss

    def values(self, quantity: str, step: int = -1) -> dict[tuple[str, str], float]:
        """(fqn, part) -> value of a quantity at a step, the last one by default."""
        keys: dict[int, SeriesKey] = {}
        for record in self.records:
            if isinstance(record, SeriesDeclared):
                keys.update(enumerate(record.keys, start=record.first))
        steps = [record for record in self.records if isinstance(record, StepRecord)]
        chosen = steps[step]
        found = ((keys[int(s)], float(v)) for s, v in zip(chosen.series, chosen.values, strict=True))
        return {(key.fqn, key.part): value for key, value in found if key.quantity == quantity}

    def entry(self, fqn: str, kind: HookKind) -> HookEntry:
        """What was last said of a hook."""
        return {(entry.fqn, entry.kind): entry for entry in self.entries()}[fqn, kind]

    def entries(self) -> tuple[HookEntry, ...]:
        return [record for record in self.records if isinstance(record, HooksChanged)][-1].entries

    def now(self, fqn: str, kind: HookKind) -> HookEntry:
        """The same, with the counts of this moment: ticking nothing makes the recorder say how things stand."""
        self.tick(kind)
        return self.entry(fqn, kind)

    def coverage(self) -> list[int]:
        return [record for record in self.records if isinstance(record, CoverageMeasured)][-1].coverage.tolist()

    def log(self) -> list[str]:
        return [record.text for record in self.records if isinstance(record, LogLine)]


Watch = Callable[..., WatchedRun]


def traces(model: nn.Module) -> list[str]:
    """Every hook that is on a module or parameter of the model, or on all modules or optimizers."""
    found = [f"global {name}" for name in vars(torch_module) if name.startswith("_global_") and _is_on(name)]
    if torch_optimizer._global_optimizer_pre_hooks or torch_optimizer._global_optimizer_post_hooks:
        found.append("optimizer")
    for fqn, module in model.named_modules():
        found += [f"{fqn}.{name}" for name, table in vars(module).items() if "hooks" in name and table]
        if vars(module).get("_is_full_backward_hook") is not None:
            found.append(f"{fqn}._is_full_backward_hook")
    for fqn, p in model.named_parameters():
        if p._backward_hooks is not None or p._post_accumulate_grad_hooks is not None:
            found.append(f"{fqn} tensor hooks")
    return found


def _is_on(name: str) -> bool:
    return bool(getattr(torch_module, name)) and "hook" in name


def digest(model: nn.Module) -> list[bytes]:
    """Bytes of all parameters and buffers."""
    return [tensor.detach().numpy().tobytes() for tensor in model.state_dict().values()]
