"""How long the picture of a large module tree takes, beside torch's own walk, interleaved in one run.

python tests/benchmarks/bench_snapshot.py [--modules 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable

import torch
from summary import bench_parser, report, start
from torch import nn

from moduleview.introspect.tree import snapshot_model

GOAL_S = 1.5  # issue 3, Speed: a million modules


def tree_of(n_modules: int, leaf: Callable[[], nn.Module]) -> nn.Module:
    """Blocks of nine leaves in a list, so that one module in ten is a container."""
    blocks = [nn.Sequential(*(leaf() for _ in range(9))) for _ in range((n_modules - 1) // 10)]
    return nn.ModuleList(blocks)


def tiny_linear() -> nn.Module:
    """A layer with two parameters that cost next to no memory."""
    return nn.Linear(1, 1)


def measure(model: nn.Module, n_rounds: int) -> tuple[float, float]:
    """Medians in seconds: the snapshot, and ``list(model.named_modules())``."""
    snapshot_s, walk_s = [], []
    for _ in range(n_rounds):
        start = time.perf_counter()
        snapshot_model(model)
        middle = time.perf_counter()
        list(model.named_modules())
        snapshot_s.append(middle - start)
        walk_s.append(time.perf_counter() - middle)
    return statistics.median(snapshot_s), statistics.median(walk_s)


def main(arguments: argparse.Namespace) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    gc.disable()  # as in the program while it trains
    print(f"{'tree':34}{'modules':>10}{'tensors':>10}{'snapshot s':>12}{'named_modules s':>17}{'ratio':>8}")
    for title, leaf in (("no tensors (Identity)", nn.Identity), ("two parameters a leaf (Linear)", tiny_linear)):
        model = tree_of(arguments.modules, leaf)
        snapshot = snapshot_model(model)
        ours, torchs = measure(model, arguments.rounds)
        sizes = f"{len(snapshot):>10}{len(snapshot.tensors):>10}"
        print(f"{title:34}{sizes}{ours:>12.3f}{torchs:>17.3f}{ours / torchs:>8.2f}", flush=True)
        report(f"snapshot of {len(snapshot):,} modules, {title}", GOAL_S, ours, "s")


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("--modules", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    start(main, parser)
