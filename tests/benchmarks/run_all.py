"""Runs every benchmark in a process of its own, one after the other, and sums up: what, goal, measured, met.

Run it on a machine that does nothing else: ``make bench``, or ``python tests/benchmarks/run_all.py [name ...]`` for
some of them. What a benchmark prints itself comes first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from summary import MARK

FOLDER = Path(__file__).parent
_TIMEOUT_S = 600.0


def run(script: Path) -> list[dict[str, Any]]:
    """Run one benchmark, show what it prints, and give its results; one that fails gives none."""
    print(f"\n== {script.stem}", flush=True)
    env = dict(os.environ, QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"))
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # with it every start compiles the program anew
    try:
        done = subprocess.run(
            [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"did not end within {_TIMEOUT_S:.0f} s")
        return []
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if not line.startswith(MARK)), flush=True)
    if done.returncode:
        print(f"exit status {done.returncode}\n{done.stderr[-2000:]}")
    return [json.loads(line.removeprefix(MARK)) for line in lines if line.startswith(MARK)]


def row(result: dict[str, Any]) -> str:
    """One line of the table."""
    goal, unit = result["goal"], result["unit"]
    met = "" if goal is None else "yes" if result["measured"] <= goal else "NO"
    goal_text = "" if goal is None else f"<= {goal:g} {unit}"
    return f"{result['what']:<64} {goal_text:>12} {result['measured']:10.3f} {unit:<3} {met}"


def main() -> int:
    """Run them all; 1 when one of them gave no result."""
    scripts = [path for path in sorted(FOLDER.glob("bench_*.py")) if not sys.argv[1:] or path.stem in sys.argv[1:]]
    results = [(script, run(script)) for script in scripts]
    print(f"\n{'what':<64} {'goal':>12} {'measured':>10}     met")
    for script, found in results:
        for result in found:
            print(row(result))
        if not found:
            print(f"{script.stem}: no result")
    return 0 if all(found for _, found in results) else 1


if __name__ == "__main__":
    sys.exit(main())
