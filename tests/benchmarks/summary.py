"""How a benchmark is started, and how it says what it found: one line each that ``run_all.py`` puts into its table.

Each script takes ``--device cuda`` (where it trains; a script that does not train says so) and ``--json PATH``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARK = "RESULT "


def report(what: str, goal: float | None, measured: float, unit: str = "") -> None:
    """Print one result, for people and for the table.

    Args:
        what: What was measured, in a few words.
        goal: Largest value that is good enough; None where no number was set.
        measured: In the unit of the goal.
        unit: "ms", "s", "µs", or "" for a ratio.
    """
    print(MARK + json.dumps({"what": what, "goal": goal, "measured": measured, "unit": unit}))


def bench_parser(description: str | None) -> argparse.ArgumentParser:
    """Arguments that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ...")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the results there too")
    return parser


def start(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Run a benchmark with the arguments of the command line, and write its results where ``--json`` says."""
    arguments = parser.parse_args()
    if arguments.json is None:
        main(arguments)
        return
    with contextlib.redirect_stdout(_Listening(sys.stdout)) as heard:
        main(arguments)
    write_json(arguments.json, heard.results(), arguments.device)


def write_json(path: Path, results: list[dict[str, Any]], device: str) -> None:
    """Write results, and on what they were measured."""
    machine = {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "device": device,
        "torch": importlib.metadata.version("torch"),
    }
    path.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")


def results_in(text: str) -> list[dict[str, Any]]:
    """The results among what a benchmark printed."""
    return [json.loads(line.removeprefix(MARK)) for line in text.splitlines() if line.startswith(MARK)]


class _Listening(io.TextIOBase):
    """Passes on what is printed, and keeps it."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._kept: list[str] = []

    def write(self, text: str) -> int:
        self._kept.append(text)
        written: int = self._out.write(text)
        return written

    def flush(self) -> None:
        self._out.flush()

    def results(self) -> list[dict[str, Any]]:
        return results_in("".join(self._kept))
