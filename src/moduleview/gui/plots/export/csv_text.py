"""Rows of text as lines of CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """The lines, each with its end; what holds a comma or a quote is quoted."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
