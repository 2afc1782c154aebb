"""How fast the tensor lab answers, and how long a copy holds the run: ``python tests/benchmarks/bench_lab.py``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from moduleview.lab.copying import PIECE_BYTES, PiecewiseCopy
from moduleview.lab.distribution import read_histogram, read_statistics
from moduleview.lab.frozen import describe_frozen
from moduleview.lab.image import read_image
from moduleview.lab.pipeline import Pipeline
from moduleview.lab.shelf import Shelf
from moduleview.lab.tile import read_tile
from moduleview.telemetry.lab_pipelines import PipelineStep
from moduleview.telemetry.lab_tensors import TensorKind
from moduleview.telemetry.lab_views import Plane, RequestHistogram, RequestImage, RequestStatistics, RequestTile

PLANE = Plane(0, 1, (0, 0))


def print_times(what: str, run: Callable[[], object], n: int) -> None:
    """Median and longest of ``n`` runs, in milliseconds."""
    times = []
    for _ in range(n):
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1e3)
    print(f"{what:<52} median {statistics.median(times):9.2f} ms   longest {max(times):9.2f} ms")


def print_copy(n_bytes: int) -> None:
    """How long one piece of a large copy holds the training thread, and all of them."""
    live = torch.ones(n_bytes // 4)
    for _ in range(2):
        being_made = PiecewiseCopy(live)
        pieces = []
        while not being_made.is_done:
            began = time.perf_counter()
            being_made.go_on(PIECE_BYTES)
            pieces.append((time.perf_counter() - began) * 1e3)
        print(
            f"copy of {n_bytes / 1e6:.0f} MB: {len(pieces)} pieces, median {statistics.median(pieces):.1f} ms, "
            f"longest {max(pieces):.1f} ms, all {sum(pieces):.0f} ms"
        )


def main() -> None:
    """Print the table."""
    table = torch.randn(5_000, 10_000)
    upright = RequestTile(1, 1, PLANE, 4000, 7000, 60, 40)
    print_times("tile of 60 x 40 cells, of 50 million", lambda: read_tile(table, upright), 50)
    turned = RequestTile(1, 1, Plane(1, 0, (0, 0)), 7000, 4000, 60, 40)
    print_times("the same, rows and columns swapped", lambda: read_tile(table, turned), 50)
    image = RequestImage(1, 1, PLANE, 600, 800)
    print_times("image of 800 x 600 pixels, of 50 million cells", lambda: read_image(table, image), 3)
    print_times("histogram of 50 million", lambda: read_histogram(table, RequestHistogram(1, 1)), 3)
    print_times("statistics of 50 million", lambda: read_statistics(table, RequestStatistics(1, 1)), 3)
    shelf = Shelf()
    weight = torch.randn(768, 3072)
    shelf.put(weight, describe_frozen(weight, shelf.new_id(), "w", TensorKind.PARAMETER, origin=""))
    steps = (PipelineStep("index", {"index": "[:256, ::2]"}), PipelineStep("abs"), PipelineStep("mean", {"dim": "0"}))

    def run() -> None:
        list(Pipeline(shelf).evaluate(1, steps, lambda: False))

    print_times("pipeline of 3 steps on 768 x 3072", run, 30)
    print_copy(400_000_000)


if __name__ == "__main__":
    main()
