"""Runs every benchmark in a process of its own, one after the other, and sums up: what, goal, measured, met.

    python tests/benchmarks/run_all.py [name ...] [--device cuda] [--json PATH]

Run it on a machine that does nothing else: ``make bench``, or by name for some of them. What a benchmark prints itself
comes first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from summary import MARK, bench_parser, results_in, write_json

FOLDER = Path(__file__).parent
_TIMEOUT_S = 900.0


def run(script: Path, device: str) -> list[dict[str, Any]]:
    """Run one benchmark, show what it prints, and give its results; one that fails gives none."""
    print(f"\n== {script.stem}", flush=True)
    env = dict(os.environ, QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"))
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # with it every start compiles the program anew
    try:
        done = subprocess.run(
            [sys.executable, str(script), "--device", device],
            env=env,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"did not end within {_TIMEOUT_S:.0f} s")
        return []
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if not line.startswith(MARK)), flush=True)
    if done.returncode:
        print(f"exit status {done.returncode}\n{done.stderr[-2000:]}")
    return results_in(done.stdout)


def row(result: dict[str, Any]) -> str:
    """One line of the table."""
    goal, unit = result["goal"], result["unit"]
    met = "" if goal is None else "yes" if result["measured"] <= goal else "NO"
    goal_text = "" if goal is None else f"<= {goal:g} {unit}"
    return f"{result['what']:<80} {goal_text:>12} {result['measured']:10.3f} {unit:<3} {met}"


def main() -> int:
    """Run them all; 1 when one of them gave no result."""
    parser = bench_parser(__doc__)
    parser.add_argument("names", nargs="*", help="bench_watch, ...; all of them without a name")
    arguments = parser.parse_args()
    names = arguments.names or [path.stem for path in sorted(FOLDER.glob("bench_*.py"))]
    scripts = [FOLDER / f"{name}.py" for name in names]
    results = [(script, run(script, arguments.device)) for script in scripts]
    print(f"\n{'what':<80} {'goal':>12} {'measured':>10}     met")
    for script, found in results:
        for result in found:
            print(row(result))
        if not found:
            print(f"{script.stem}: no result")
    if arguments.json is not None:
        write_json(arguments.json, [result for _, found in results for result in found], arguments.device)
    return 0 if all(found for _, found in results) else 1


if __name__ == "__main__":
    sys.exit(main())
