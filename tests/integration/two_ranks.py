"""Runs a script as two ranks of a gloo group: real processes, that end by themselves or are ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREAMBLE = """
import datetime, json, os, sys
import torch
import torch.distributed as dist
from torch import nn

rank, folder = int(sys.argv[1]), sys.argv[2]
sys.path[:0] = {paths!r}
dist.init_process_group(
    "gloo", init_method=f"file://{{folder}}/store", rank=rank, world_size=2,
    timeout=datetime.timedelta(seconds={timeout_s}),
)

def say(value):
    with open(f"{{folder}}/said{{rank}}.json", "w") as file:
        json.dump(value, file)
"""
ENDING = """
dist.barrier()
dist.destroy_process_group()
"""
_TESTS = Path(__file__).parent.parent
_PATHS = [str(_TESTS), str(_TESTS / "unit")]


@dataclass(frozen=True)
class Rank:
    """One rank when it has ended.

    Attributes:
        code: Exit code; None where it hung and was ended.
        said: What the script gave to ``say``; None where it came not so far.
        errors: Its standard error.
    """

    code: int | None
    said: Any
    errors: str


def run_two_ranks(
    script: str, folder: Path, *, timeout_s: float = 60.0, collective_timeout_s: float = 30.0
) -> list[Rank]:
    """Run ``script`` after the preamble on both ranks; both are gone when this returns.

    Args:
        script: Has ``torch``, ``nn``, ``dist``, ``rank``; gives its results, as JSON can hold them, to ``say``.
        folder: An empty one.
        timeout_s: After this a rank is ended.
        collective_timeout_s: After this a collective that waits for the other rank raises.
    """
    path = folder / "script.py"
    preamble = PREAMBLE.format(paths=_PATHS, timeout_s=collective_timeout_s)
    path.write_text(preamble + textwrap.dedent(script) + ENDING, encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    children = []
    for rank in range(2):
        with (folder / f"errors{rank}.txt").open("w") as errors:
            command = [sys.executable, str(path), str(rank), str(folder)]
            children.append(subprocess.Popen(command, stdout=errors, stderr=errors, env=environment))
    until = time.monotonic() + timeout_s
    codes = [_code_of(child, until) for child in children]
    return [_ended(folder, rank, code) for rank, code in enumerate(codes)]


def _code_of(child: subprocess.Popen[bytes], until: float) -> int | None:
    try:
        return child.wait(max(until - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return None


def _ended(folder: Path, rank: int, code: int | None) -> Rank:
    said = folder / f"said{rank}.json"
    errors = (folder / f"errors{rank}.txt").read_text(encoding="utf-8")
    return Rank(code, json.loads(said.read_text()) if said.exists() else None, errors)
