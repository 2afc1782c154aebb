"""torch's full-backward hooks put nodes into the graph, and gradients are then added up in another order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from watched_run import Watch

from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.model_index import ModelIndex
from moduleview.telemetry.hooks import HookKind

BACKWARD = HookKind.BACKWARD


class Residual(nn.Module):
    """A tensor that is used three times in ``inner``, and once more beside it."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 1.3 * self.q(x) + 0.7 * self.k(x) + self.v(x)

    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner = nn.Linear(8, 8), self.Inner()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x)
        return hidden + self.inner(hidden)


def test_full_backward_hook_changes_last_digits_and_ours_none(watch: Watch) -> None:
    def gradients(attach: Callable[[nn.Module], Any]) -> list[torch.Tensor]:
        found = []
        for seed in range(5):
            torch.manual_seed(seed)
            model, x = Residual(), torch.randn(16, 8, requires_grad=True)
            run = attach(model)
            for _ in range(2):
                model.zero_grad()
                if run is None:
                    model(x).square().sum().backward()
                else:
                    run.raw_step(lambda model=model, x=x: model(x).square().sum().backward())
            found.append(model.first.weight.grad)
        return found

    def naive(model: nn.Module) -> None:
        model.inner.register_full_backward_hook(lambda *_: None)

    def ours(model: nn.Module) -> Any:
        run = watch(model)
        run.tick(BACKWARD, "", "first", "inner", "inner.q", "inner.k", "inner.v")
        return run

    plain = gradients(lambda model: None)
    assert not all(map(torch.equal, gradients(naive), plain))
    assert all(map(torch.equal, gradients(ours), plain))


def test_it_is_said_before_the_tick_and_what_is_put_on_instead_needs_no_such_word() -> None:
    model = Residual()
    hooks = HookSet(ModelIndex(model))
    hooks.look_at("inner")
    hooks.begin_step(0, count_calls=False)
    model(torch.randn(16, 8, requires_grad=True)).square().sum().backward()
    hooks.end_step()
    forecasts = {forecast.kind: forecast for forecast in hooks.forecasts("inner")}
    hooks.remove_all()
    for kind in (HookKind.FULL_BACKWARD, HookKind.BACKWARD_PRE):
        assert "last digits" in forecasts[kind].reason
        assert not forecasts[kind].is_refused
    assert BACKWARD not in forecasts
