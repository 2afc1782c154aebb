"""What reading all gradients of a model costs on the host, by itself and from memory that no cache holds.

    python tests/benchmarks/bench_probes.py [--rounds 20]

Before every measurement 160 MB are written, so that the gradients come from where they are in a training step, and
often the program's own code does too. "One read" is a sum of squares of every gradient and nothing else: what is
below it no statistic can be. The goals are the design's share of a step (GPT 1 062 ms, MLP 4.5 ms); times are the
thread's CPU time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from models import MODELS
from summary import bench_parser, report, start

from moduleview.probes.base import Probe, StepView
from moduleview.probes.grad_cosine import GradCosine
from moduleview.probes.grad_magnitudes import GradMagnitudes
from moduleview.probes.grad_max import GradMax
from moduleview.probes.grad_mean import GradMean
from moduleview.probes.grad_non_finite import GradNonFinite
from moduleview.probes.grad_norm import GradNorm
from moduleview.probes.grad_snr import GradSnr
from moduleview.probes.grad_std import GradStd
from moduleview.probes.grad_zero_share import GradZeroShare

STATISTICS = (GradNorm, GradMax, GradMean, GradStd, GradNonFinite)
GOALS_MS = {"gpt": (6.4, 10.6), "mlp": (0.45, None)}
Ways = dict[str, tuple[float | None, Callable[[], object]]]


def reading(parameters: dict[str, torch.nn.Parameter], kinds: tuple[type[Probe], ...]) -> Callable[[], None]:
    """One step's reading by these probes."""
    probes = [kind() for kind in kinds]
    wanted = frozenset(probe.quantity for probe in probes)

    @torch.no_grad()
    def read() -> None:
        view = StepView(0, parameters, wanted=wanted)
        for probe in probes:
            list(probe.measure(view))

    return read


def ways(model: str) -> Ways:
    """What is measured, with its goal in milliseconds."""
    workload = MODELS[model]("cpu")
    workload.step()
    parameters = dict(workload.model.named_parameters())
    flats = [p.grad.view(-1) for p in parameters.values() if p.grad is not None]
    of_statistics, with_histograms = GOALS_MS[model]
    return {
        "one read": (None, lambda: [float(torch.dot(flat, flat)) for flat in flats]),
        "norm": (None, reading(parameters, (GradNorm,))),
        "L2, max, mean, std, non-finite": (of_statistics, reading(parameters, STATISTICS)),
        "  + histograms": (with_histograms, reading(parameters, (*STATISTICS, GradMagnitudes))),
        "  + signal to noise, cosine": (
            None,
            reading(parameters, (*STATISTICS, GradMagnitudes, GradSnr, GradCosine)),
        ),
        "share of zeros": (None, reading(parameters, (GradZeroShare,))),
    }


def bench(model: str, n_rounds: int) -> None:
    """Measure every way in turn, and print."""
    elsewhere = torch.zeros(40_000_000)
    measured = ways(model)
    times_s: dict[tuple[str, bool], list[float]] = {(name, cold): [] for name in measured for cold in (True, False)}
    for _ in range(n_rounds):
        for name, (_, read) in measured.items():
            elsewhere.add_(1.0)
            for cold in (True, False):
                began_s = time.thread_time()
                read()
                times_s[name, cold].append(time.thread_time() - began_s)
    print(f"\n{model}: ms of {n_rounds} measurements{'cold':>12}{'(least)':>10}{'at once again':>16}   goal")
    for name, (goal, _) in measured.items():
        cold, warm = times_s[name, True], times_s[name, False]
        goal_words = "" if goal is None else f"<= {goal}"
        cold_ms, warm_ms = statistics.median(cold) * 1e3, statistics.median(warm) * 1e3
        print(f"{name:<34}{cold_ms:12.3f}{min(cold) * 1e3:10.3f}{warm_ms:16.3f}   {goal_words}")
        if goal is not None:
            report(f"{model}, gradients from memory: {name.strip()}", goal, cold_ms, "ms")


def main(arguments: argparse.Namespace) -> None:
    """Measure both models."""
    if arguments.device != "cpu":
        print("on a device nothing is waited for: see bench_watch.py")
        return
    torch.set_num_threads(1)
    for model in GOALS_MS:
        bench(model, arguments.rounds)


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    start(main, parser)
