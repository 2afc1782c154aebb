"""Tells a suspicion of what a person had just changed in the run: their own change is the likeliest cause."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import msgspec

from moduleview.telemetry.changes_messages import JournalLine
from moduleview.telemetry.records import Finding, Tier

_N_STEPS = 20  # before it; what came earlier had time to show
_N_NAMED = 3


def with_changes(finding: Finding, lines: Sequence[JournalLine]) -> Finding:
    """The same finding, and what was changed in the 20 steps before it.

    Facts stay as they are: a NaN is one, whoever made it.

    Args:
        finding: What a detector found.
        lines: Of the journal, in the order in which they were made; so their steps never fall.
    """
    if finding.tier is not Tier.SUSPICION or finding.step is None:
        return finding
    step = finding.step
    until = [line for line in takewhile(lambda line: line.step > step - _N_STEPS, reversed(lines)) if line.step <= step]
    if not until:
        return finding
    named = tuple(f"before step {line.step:,} you changed the run: {line.what}" for line in reversed(until[:_N_NAMED]))
    advice = f"See first whether your own change explains it. If not: {finding.advice}"
    return msgspec.structs.replace(finding, evidence=(*named, *finding.evidence), advice=advice)
