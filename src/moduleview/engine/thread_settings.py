"""What torch keeps per thread and a new thread therefore has to be told."""

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
