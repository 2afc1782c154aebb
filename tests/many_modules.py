"""A model of very many modules, a tenth of which is watched within a budget."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch import nn

import moduleview

BUDGET = 0.02
_IN_A_BLOCK = 100


@dataclass(frozen=True)
class ManyModules:
    """What was measured.

    Attributes:
        inspect_s: For the tree.
        tick_s: To tick a tenth of the modules.
        n_seen: Of them, those that have a value after the first step.
        plain_s, watched_s: Median of a step, nobody looking, and with everything ticked in a step that is not measured.
        share: Of a step's time that measuring took, by the bill.
        n_skipped: Measurements that were left out to keep within the budget.
    """

    inspect_s: float
    tick_s: float
    n_seen: int
    plain_s: float
    watched_s: float
    share: float
    n_skipped: int


def watch_many(n_modules: int, n_steps: int = 30) -> ManyModules:
    """Make the model, train it for so many steps, and as many again while it is watched."""
    model = nn.Sequential(*(_block() for _ in range(n_modules // _IN_A_BLOCK)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    def step() -> float:
        began_s = time.perf_counter()
        optimizer.zero_grad()
        model(torch.ones(2, 8)).sum().backward()
        optimizer.step()
        return time.perf_counter() - began_s

    began_s = time.perf_counter()
    fqns = moduleview.inspect(model).fqns
    inspect_s = time.perf_counter() - began_s
    plain = [step() for _ in range(n_steps)]
    with moduleview.watch(model, optimizer, budget=BUDGET) as w:
        began_s = time.perf_counter()
        w.set_hook([fqn for fqn in fqns if fqn.endswith("7")], "forward")
        tick_s = time.perf_counter() - began_s
        step()
        n_seen = len(w.keys("forward.mean"))
        watched = [step() for _ in range(n_steps)]
        costs = w.store.costs
        assert costs is not None
        assert w.log == ()
    n_skipped = sum(entry.n_skipped for entry in costs.entries)
    medians = statistics.median(plain), statistics.median(watched)
    return ManyModules(inspect_s, tick_s, n_seen, *medians, costs.share, n_skipped)


def _block() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 8), *(nn.Identity() for _ in range(_IN_A_BLOCK - 3)), nn.Tanh())
