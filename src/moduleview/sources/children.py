"""The way out when the training thread does not end: its children are killed, then the process leaves at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from typing import NoReturn


def end_children(timeout_s: float = 1.0) -> int:
    """Kill every child that ``multiprocessing`` knows of (data-loader workers) and wait for them together.

    For the way out only: no lock that a child holds is given back.

    Returns:
        How many still live after ``timeout_s``.
    """
    children = multiprocessing.active_children()
    for child in children:
        child.kill()
    deadline_s = time.monotonic() + timeout_s
    for child in children:
        child.join(max(0.0, deadline_s - time.monotonic()))
    return sum(child.is_alive() for child in children)


def leave_at_once(status: int) -> NoReturn:
    """End the children and this process without Python's own way out, which aborts inside a thread that is in torch.

    Whatever has to be saved must have been.
    """
    end_children()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)
