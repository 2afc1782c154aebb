"""What other loggers cost a training step beside ``moduleview.watch``, each logging at every step, in one run.

    python tests/benchmarks/bench_peers.py [--models mlp,resnet,gpt] [--rounds 4] [--device cuda]

The peers live in an environment of their own, which the first run makes (``peers_venv.py``); one that cannot be
installed or does not run with this torch is said and left out. The numbers are read as those of ``bench_watch.py``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import peers_venv
import torch
from interleaved import MORE_ROUNDS, Contender, compare, timed_steps
from models import MODELS, Workload
from peers import available
from summary import bench_parser, report, start
from watching import ways_of_watching

_STARTED = "MODULEVIEW_PEERS_STARTED"
_OURS = 2  # the first ways of watching: what the peers do too


def that_run(workload: Workload, peers: Sequence[Contender]) -> list[Contender]:
    """The peers that can make a step of this model."""
    able = []
    for peer in peers:
        try:
            peer.put_on(workload)
            try:
                timed_steps(workload, peer, 1)
            finally:
                peer.take_off(workload)
            able.append(peer)
        except Exception:
            reason = traceback.format_exc().strip().splitlines()[-1]
            print(f"does not run on {workload.title} with torch {torch.__version__}: {peer.name}: {reason}")
    return able


def bench(model: str, device: str, n_rounds: int, peers: Sequence[Contender]) -> None:
    """Measure one model and print its table."""
    workload = MODELS[model](device)
    ours = [Contender("unwatched again (A/A)"), *ways_of_watching(model)[:_OURS]]
    contenders = [*ours, *that_run(workload, peers)]
    pairs = compare(workload, contenders, n_rounds)
    print(f"\n{workload.title}, {n_rounds} pairs a row")
    print(f"{'':<50}{'elapsed (95 %)':<26}{'CPU time (95 %)':<26}")
    for contender, one in zip(contenders, pairs, strict=True):
        print(f"{contender.name:<50}{one.wall!s:<26}{one.cpu!s:<26}")
    for contender, one in zip(contenders, pairs, strict=True):
        report(f"{workload.title}, beside peers: {contender.name.strip()}", None, one.wall.median)


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the peers' own
    with tempfile.TemporaryDirectory() as folder, available(Path(folder)) as peers:
        for model in arguments.models.split(","):
            bench(model, arguments.device, arguments.rounds * MORE_ROUNDS.get(model, 1), peers)


def among_peers() -> None:
    """Start anew in the environment of the peers, unless this is it or there is none."""
    if os.environ.get(_STARTED) or not peers_venv.make():
        return
    source = Path(__file__).resolve().parents[2] / "src"
    path = os.pathsep.join((os.environ.get("PATH", ""), str(peers_venv.python().parent)))  # dot may be there
    env = {**os.environ, _STARTED: "1", "PYTHONPATH": str(source), "PATH": path}
    sys.exit(subprocess.run([peers_venv.python(), *sys.argv], env=env, check=False).returncode)


if __name__ == "__main__":
    among_peers()
    parser = bench_parser(__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=4)
    start(main, parser)
