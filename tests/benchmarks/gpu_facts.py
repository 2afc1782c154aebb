"""What watching does on a GPU beside taking time: host syncs in a step, and memory."""

from __future__ import annotations

import warnings

import torch
from interleaved import Contender, synchronise, timed_steps
from models import Workload

_SYNC = "called a synchronizing"  # of torch's warning, in torch 2.4 to 2.13


def host_syncs_and_mib(workload: Workload, contender: Contender) -> tuple[int, float]:
    """How many more waits for the device a watched step has than an unwatched one, and MiB of memory at its peak."""
    unwatched = Contender("")
    timed_steps(workload, unwatched, 2)
    syncs, peak = _syncs(workload, unwatched), _peak_mib(workload, unwatched)
    contender.put_on(workload)
    try:
        timed_steps(workload, contender, 2)
        return _syncs(workload, contender) - syncs, _peak_mib(workload, contender) - peak
    finally:
        contender.take_off(workload)


def _syncs(workload: Workload, contender: Contender) -> int:
    synchronise(workload)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            contender.after_step(workload, workload.step())
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum(_SYNC in str(warning.message) for warning in caught)


def _peak_mib(workload: Workload, contender: Contender) -> float:
    device = workload.batches[0][0].device
    torch.cuda.reset_peak_memory_stats(device)
    timed_steps(workload, contender, 3)
    return torch.cuda.max_memory_allocated(device) / 2**20
