"""What the history of a run costs: microseconds a step, bytes a point, and reading it back for a plot.

Run: python tests/benchmarks/bench_store.py. Times are the thread's CPU time. A step is taken in as the window does it,
a record into a store; while the rings fill for the first time the system's page faults are in it, afterwards not.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from summary import bench_parser, report, start

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "src")]

from moduleview.telemetry.records import SeriesDeclared, SeriesKey, StepRecord  # noqa: E402
from moduleview.telemetry.store import SeriesStore  # noqa: E402

GOAL_STEP_US, GOAL_POINT_BYTES, GOAL_READ_MS = 15.0, 5.2, 2.0  # performance.md
BOUND_MIB = 320.0  # telemetry/archive.py: 64 for single steps, 256 for groups of them
_N_STEPS = 100_000
_VALUES = 2**26  # taken in at most for one size


def keys(n_series: int) -> tuple[SeriesKey, ...]:
    """As many as there are."""
    return tuple(SeriesKey("grad_norm", f"layer.{at}.weight") for at in range(n_series))


def fill(n_series: int, n_steps: int) -> tuple[SeriesStore, list[float]]:
    """A store with so many steps, and the microseconds that each thousand of them took a step."""
    store = SeriesStore()
    store.apply(SeriesDeclared(0, keys(n_series)))
    series = np.arange(n_series, dtype=np.int32)
    values = np.random.default_rng(0).random((64, n_series)).astype(np.float32)
    took_us = []
    for begin in range(0, n_steps, 1000):
        records = [StepRecord(0, step, step * 0.1, series, values[step % 64]) for step in range(begin, begin + 1000)]
        began_s = time.thread_time()
        for record in records:
            store.apply(record)
        took_us.append((time.thread_time() - began_s) * 1000)
    return store, took_us


def read_ms(store: SeriesStore, n_series: int, width: int) -> float:
    """Milliseconds to read all series over the newest 600 columns of so many steps, the median of nine."""
    last = store.last_step or 0
    chosen, took_ms = keys(n_series), []
    for _ in range(9):
        began_s = time.thread_time()
        store.history(chosen, max(last + 1 - 600 * width, 0), last, width)
        took_ms.append((time.thread_time() - began_s) * 1000)
    return float(np.median(took_ms))


def main(_arguments: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"{'series':>8} {'steps':>8} {'first fill':>11} {'later':>8} {'held':>10} {'a point':>9} {'one by one':>11}")
    for n_series in (160, 1000, 10_000):
        n_steps = min(_N_STEPS, _VALUES // n_series // 1000 * 1000)
        store, took_us = fill(n_series, n_steps)
        n_exact = (store.last_step or 0) - (store.first_step or 0) + 1
        first, later = took_us[: max(n_exact // 1000, 1)], took_us[max(n_exact // 1000, 1) :] or took_us[-10:]
        held, a_point = store.n_bytes / 2**20, store.n_bytes / (n_series * n_steps)
        print(
            f"{n_series:>8} {n_steps:>8} {np.median(first):>8.1f} µs {np.median(later):>5.1f} µs {held:>6.1f} MiB"
            f" {a_point:>7.2f} B {n_exact:>11}"
        )
        report(
            f"store: a step of {n_series} series", GOAL_STEP_US if n_series == 1000 else None, np.median(took_us), "µs"
        )
        report(f"store: memory of {n_series} series x {n_steps} steps", BOUND_MIB, held, "MiB")
    store, _ = fill(1000, 16_000)
    report("store: a point that is kept exactly, its groups included", GOAL_POINT_BYTES, store.n_bytes / 16e6, "B")
    store, _ = fill(160, _N_STEPS)
    for width, goal in ((1, GOAL_READ_MS), (16, GOAL_READ_MS), (160, None)):  # a plot reads all of it only once
        report(f"store: 160 series over 600 columns of {width} steps", goal, read_ms(store, 160, width), "ms")


if __name__ == "__main__":
    start(main, bench_parser(__doc__))
