"""What holds for every probe, also for one that somebody adds tomorrow."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from watched_run import WatchedRun

from moduleview import probes as probes_package
from moduleview.probes.base import Probe
from moduleview.registry import discover
from moduleview.telemetry import quantities

KINDS = discover(probes_package, Probe)
NAMES = {value for value in vars(quantities).values() if isinstance(value, str)}
EACH = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.quantity)


@EACH
def test_a_probe_says_how_to_read_it(kind: type[Probe]) -> None:
    words = " ".join((kind.__doc__ or "").split())
    assert "How to read it: " in words
    assert len(words.partition("How to read it: ")[2]) > 60


@EACH
def test_its_quantity_has_a_name_that_both_sides_know(kind: type[Probe]) -> None:
    assert kind.quantity in NAMES


def test_every_quantity_is_measured_by_one_probe() -> None:
    measured = [kind.quantity for kind in KINDS]
    assert len(set(measured)) == len(measured)
    assert NAMES - set(measured) - {"update_norm", "overhead"} - _not_quantities() == set()


def _not_quantities() -> set[str]:
    return {value for name, value in vars(quantities).items() if isinstance(value, str) and name.startswith("__")}


def kept_tensors(thing: object, seen: set[int]) -> Iterator[torch.Tensor]:
    """Tensors that hang on a probe."""
    for held in gc.get_referents(thing):
        if id(held) in seen or isinstance(held, type) or callable(held):
            continue
        seen.add(id(held))
        if isinstance(held, torch.Tensor):
            yield held
        else:
            yield from kept_tensors(held, seen)


def test_after_the_run_no_probe_keeps_a_tensor_of_it(watch: Callable[..., WatchedRun]) -> None:
    run = watch(nn.Sequential(nn.Linear(70, 80), nn.Linear(80, 3)))
    for _ in range(35):
        run.step(lambda: run.model(torch.ones(2, 70)).sum())
    probes = list(run.recorder._probes._accounts)
    assert len(probes) == len(KINDS)
    n_kept = {probe.quantity: sum(t.numel() for t in kept_tensors(probe, set())) for probe in probes}
    largest = sum(p.numel() for p in run.model.parameters())
    assert all(n <= 8 * largest + 70_000 for n in n_kept.values()), n_kept  # bounded while it runs
    assert n_kept["grad_cosine"] > 0
    run.recorder.detach()
    left = {probe.quantity: [t.shape for t in kept_tensors(probe, set())] for probe in probes}
    assert not any(left.values())
