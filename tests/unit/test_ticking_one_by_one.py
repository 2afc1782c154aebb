"""Who ticks a thousand modules in a loop does not wait for each of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import moduleview
from moduleview.hooks.observer import Observer
from moduleview.telemetry.hooks import HookKind, HookStatus
from moduleview.telemetry.records import HooksChanged, Record
from moduleview.telemetry.store import SeriesStore

N = 50


def test_hooks_are_told_and_looked_for_once_however_many_are_ticked(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Record] = []
    looked_for: list[int] = []
    apply, look_for = SeriesStore.apply, Observer.watch
    monkeypatch.setattr(SeriesStore, "apply", lambda self, record: (told.append(record), apply(self, record))[1])
    monkeypatch.setattr(
        Observer, "watch", lambda self, watched: (looked_for.append(len(watched)), look_for(self, watched))[1]
    )
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(N)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer, quantities=["loss"]) as w:
        told.clear()
        looked_for.clear()
        for number in range(N):
            w.set_hook(str(number), "forward")
        assert {entry.status for entry in w.store.hooks.values()} == {HookStatus.ACTIVE}
        assert len(w.store.hooks) == N
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        assert len([record for record in told if isinstance(record, HooksChanged)]) <= 3
        assert looked_for == [1, N]
        assert len(w.keys("forward.mean")) == N
        for number in range(N):
            w.set_hook(str(number), "forward", enabled=False)
        assert ("0", HookKind.FORWARD) not in w.store.hooks
        assert looked_for == [1, N, 0]
