"""What ``moduleview.watch`` costs a training step: watched over unwatched, in interleaved pairs of one run.

    python tests/benchmarks/bench_watch.py [--models mlp,resnet,gpt] [--rounds 8] [--device cuda]

Two numbers a row, for neither tells all: the median ratio of whole steps, with the interval that its noise leaves (the
A/A row shows how much that is), and the time inside the hooks, which is exact to 0.01 % but blind to what watching
slows down elsewhere. The goal is held against both. On a CPU the ratio is of CPU time, on a GPU of elapsed time.
"""

from __future__ import annotations

import argparse

import torch
from interleaved import Contender, Pairs, compare, steps_a_turn, timed_steps
from models import MODELS, Workload
from own_code import hooks_on_a_clock
from summary import bench_parser, report, start
from watching import ways_of_watching

_MORE_ROUNDS = {"mlp": 3}  # its turns are short


def share_in_hooks(workload: Workload, contender: Contender, n_steps: int) -> float:
    """Of a step's elapsed time, what passes inside the contender's hooks on the host."""
    contender.put_on(workload)
    try:
        timed_steps(workload, contender, 2)
        with hooks_on_a_clock(workload) as clock:
            step_s, _ = timed_steps(workload, contender, n_steps)
    finally:
        contender.take_off(workload)
    inside_s = clock.seconds / n_steps
    return inside_s / (step_s - inside_s)


def bench(model: str, device: str, n_rounds: int) -> None:
    """Measure one model and print its table."""
    workload = MODELS[model](device)
    contenders = [Contender("unwatched again (A/A)"), *ways_of_watching(model)]
    pairs = compare(workload, contenders, n_rounds)
    n_steps = max(3, steps_a_turn(workload))
    shares = [share_in_hooks(workload, contender, n_steps) for contender in contenders]
    step_ms = 1e3 * sorted(wall for one in pairs for wall, _ in one.unwatched_s)[len(pairs) * n_rounds // 2]
    print(f"\n{workload.title}, unwatched step {step_ms:.1f} ms, {n_rounds} pairs a row")
    print(f"{'':<50}{'elapsed (95 %)':<26}{'CPU time (95 %)':<26}{'in the hooks':>12}   goal")
    for contender, one, share in zip(contenders, pairs, shares, strict=True):
        goal = "" if contender.goal is None else f"<= {contender.goal:g}"
        print(f"{contender.name:<50}{one.wall!s:<26}{one.cpu!s:<26}{1 + share:12.4f}   {goal}")
    for contender, one, share in zip(contenders, pairs, shares, strict=True):
        _report(workload, contender, one, share)


def _report(workload: Workload, contender: Contender, pairs: Pairs, share: float) -> None:
    ratio = pairs.wall if workload.batches[0][0].is_cuda else pairs.cpu
    what = f"{workload.title}: {contender.name.strip()}"
    report(what, contender.goal, ratio.median)
    if contender.goal is not None:
        report(f"{what}, in the hooks", contender.goal, 1 + share)


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    for model in arguments.models.split(","):
        bench(model, arguments.device, arguments.rounds * _MORE_ROUNDS.get(model, 1))


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=8)
    start(main, parser)
