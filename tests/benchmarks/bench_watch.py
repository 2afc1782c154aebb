"""What ``moduleview.watch`` costs a training step: watched over unwatched, in interleaved pairs of one run.

    python tests/benchmarks/bench_watch.py [--models mlp,resnet,gpt] [--rounds 6] [--device cuda]

Two numbers a row, for neither tells all: the median ratio of whole steps, with the interval that its noise leaves (the
A/A row shows how much that is), and "our own", the time that the watch counts in its own code (its quantity
``overhead``; the median of the steps), which is exact to 0.01 % but blind to what watching slows down elsewhere: taps
and hooks on their way to it, caches that are cold after it. The goal is held against both. On a CPU the ratio is of CPU
time, on a GPU of elapsed time.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence

import torch
from gpu_facts import host_syncs_and_mib
from interleaved import MORE_ROUNDS, Contender, Pairs, compare, steps_a_turn, timed_steps
from models import MODELS, Workload
from own_code import where_it_goes
from summary import bench_parser, report, start
from watching import Watching, ways_of_watching

GOAL_GPU_MIB = 64.0  # performance.md


def profiled(workload: Workload, contender: Contender, n_steps: int) -> list[str]:
    """Where the time inside our own code goes."""
    contender.put_on(workload)
    try:
        timed_steps(workload, contender, 2)
        return where_it_goes(lambda: timed_steps(workload, contender, n_steps))
    finally:
        contender.take_off(workload)


def bench(model: str, device: str, n_rounds: int) -> None:
    """Measure one model and print its table."""
    workload = MODELS[model](device)
    contenders = [Contender("unwatched again (A/A)"), *ways_of_watching(model)]
    pairs = compare(workload, contenders, n_rounds)
    said = [1 + one.said if isinstance(one, Watching) else 1.0 for one in contenders]
    step_s = statistics.median(wall_s for one in pairs for wall_s, _ in one.unwatched_s)
    print(f"\n{workload.title}, unwatched step {1e3 * step_s:.1f} ms, {n_rounds} pairs a row")
    print(f"{'':<50}{'elapsed (95 %)':<26}{'CPU time (95 %)':<26}{'our own':>10}   goal")
    for contender, one, own in zip(contenders, pairs, said, strict=True):
        goal = "" if contender.goal is None else f"<= {contender.goal:g}"
        print(f"{contender.name:<50}{one.wall!s:<26}{one.cpu!s:<26}{own:10.4f}   {goal}")
    if workload.batches[0][0].is_cuda:
        _report_gpu(workload, contenders[1:])
    n_steps = steps_a_turn(workload)
    for contender, one, own in zip(contenders, pairs, said, strict=True):
        _report(workload, contender, one, own)
        if contender.goal is not None and own > contender.goal:
            print(f"{contender.name.strip()} misses its goal; of {n_steps} steps went to:")
            print("\n".join(profiled(workload, contender, n_steps)))


def _report(workload: Workload, contender: Contender, pairs: Pairs, own: float) -> None:
    ratio = pairs.wall if workload.batches[0][0].is_cuda else pairs.cpu
    what = f"{workload.title}: {contender.name.strip()}"
    report(what, contender.goal, ratio.median)
    if contender.goal is not None:
        report(f"{what}, our own time", contender.goal, own)


def _report_gpu(workload: Workload, contenders: Sequence[Contender]) -> None:
    for contender in contenders:
        n_syncs, mib = host_syncs_and_mib(workload, contender)
        what = f"{workload.title}: {contender.name.strip()}"
        report(f"{what}, host syncs a step", 0.0, n_syncs)
        report(f"{what}, memory", GOAL_GPU_MIB, mib, "MiB")


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    for model in arguments.models.split(","):
        bench(model, arguments.device, arguments.rounds * MORE_ROUNDS.get(model, 1))


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=6)
    start(main, parser)
