"""A hook that was just ticked shows what it sees in the next step, however rarely the budget lets others measure."""

from __future__ import annotations

import torch
from torch import nn

import moduleview


def test_a_new_hook_is_looked_at_in_the_next_step_and_then_as_rarely_as_the_others() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    def step() -> None:
        optimizer.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        optimizer.step()

    with moduleview.watch(model, optimizer, budget=1e-9) as w:
        for _ in range(30):
            step()
        assert len(w.series("grad_norm", "0.weight")[0]) < 30
        for kind in ("forward", "backward"):
            w.set_hook("0", kind)
            step()
            assert w.series(f"{kind}.mean", "0")[0].tolist() == [w.n_steps - 1]
            for _ in range(3):
                step()
        assert len(w.series("forward.mean", "0")[0]) < 8
