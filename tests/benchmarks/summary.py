"""How a benchmark says what it found: one line each that ``run_all.py`` puts into its table."""

from __future__ import annotations

import json

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
