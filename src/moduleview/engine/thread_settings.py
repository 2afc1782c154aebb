"""What torch keeps per thread and a new thread therefore has to be told.

No core is kept free for the window, and OpenMP's threads spin while they wait, as torch has it. Measured with
``tests/benchmarks/bench_window.py`` on two cores with nothing else running, transformer sample, median step with the
window drawing / with its thread asleep; three runs of the first row, two of the second, one of the third:

==================================  =======================  ================
compute threads                     drawing / asleep         steps/s, drawing
==================================  =======================  ================
all, spinning (torch's own choice)  56 to 60 / 51 to 59 ms   16 to 17
one less, so one core is free       88 to 89 / 77 to 90 ms   11
all, OMP_WAIT_POLICY=passive        105 / 102 ms             9
==================================  =======================  ================

The window takes some percent of one core; giving it a whole one, or letting threads sleep at each of the hundreds of
barriers of a step, costs more. It is another matter when other programs want the cores too: a step then waits for its
slowest thread and was seen to take ten to sixty times as long. Who trains on a busy machine with few cores sets
``OMP_NUM_THREADS``, which is kept.
"""

from __future__ import annotations

import os

import torch


def prepare_thread() -> None:
    """Give the calling thread the number of compute threads that torch's first thread would have.

    ``torch.set_num_threads`` in another thread does not hold here: on some machines a new thread falls back to one
    OpenMP thread a core of the host, whatever the container allows, and trains at a fiftieth of its speed.
    """
    torch.set_num_threads(_n_compute_threads())


def _n_compute_threads() -> int:
    """OMP_NUM_THREADS where it is set; else torch's own choice, but no more than this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    n_usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(torch.get_num_threads(), n_usable))
