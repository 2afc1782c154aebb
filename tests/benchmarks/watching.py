"""``moduleview.watch`` as a contender of the benchmarks."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from interleaved import Contender
from models import Workload

import moduleview
from moduleview.telemetry import quantities

EVERY_PARAMETER = (
    quantities.GRAD_NORM,
    quantities.GRAD_MAX,
    quantities.GRAD_MEAN,
    quantities.GRAD_STD,
    quantities.GRAD_NON_FINITE,
)


class Watching(Contender):
    """Watches quantities of every parameter, and hooks on every leaf, in each step."""

    def __init__(self, name: str, goal: float | None, measured: Iterable[str], hook_kinds: Iterable[str] = ()) -> None:
        super().__init__(name, goal)
        self._measured, self._hook_kinds = tuple(measured), tuple(hook_kinds)
        self._watch: Any = None
        self._said: list[float] = []

    def put_on(self, workload: Workload) -> None:
        """Watch."""
        self._watch = moduleview.watch(workload.model, workload.optimizer, quantities=self._measured)
        leaves = [fqn for fqn, module in workload.model.named_modules() if not list(module.children())]
        for kind in self._hook_kinds:
            for fqn in leaves:
                self._watch.set_hook(fqn, kind, True)

    def take_off(self, workload: Workload) -> None:
        """Watch no more; keep what it said that it cost."""
        self._watch.detach()
        _, shares = self._watch.series(quantities.OVERHEAD)
        self._said += shares[1:].tolist()  # the first step sets things up

    @property
    def said(self) -> float:
        """The share of an unwatched step that measuring took, as the watch itself says: the median of all steps."""
        share = statistics.median(self._said)  # of a watched one
        return share / (1 - share)


def ways_of_watching(model: str) -> list[Watching]:
    """What the design has a goal for, on ``mlp``, ``resnet`` or ``gpt``."""
    of_parameters = {"gpt": 1.006, "resnet": 1.003, "mlp": 1.10}[model]
    is_small = model == "mlp"  # the goals of what costs by the call are those of real models
    return [
        Watching("every parameter: L2, max, mean, std, non-finite", of_parameters, EVERY_PARAMETER),
        Watching(
            "  + 64-bin histograms",
            None if is_small else 1.01,
            (*EVERY_PARAMETER, quantities.GRAD_MAGNITUDES),
        ),
        Watching("  + update / weight", of_parameters + 0.005, (*EVERY_PARAMETER, quantities.UPDATE_RATIO)),
        Watching("outputs and their gradients of every leaf", None if is_small else 1.02, (), ("forward", "backward")),
    ]
