"""Distributions as CSV: a line for each step of which one is kept, a column for each power of two."""

from __future__ import annotations

from collections.abc import Iterator

from moduleview.gui.plots.export.csv_text import csv_lines
from moduleview.gui.plots.magnitude_shares import SPECIAL, ShareHistory
from moduleview.telemetry.histograms import FIRST_EXPONENT, N_EXPONENTS

HEADER = """\
# {title}: share of the elements by magnitude
# column "2^e" holds 2^e <= |x| < 2^(e+1), the first and the last what lies beyond them too
# sampled: elements that were looked at
"""
_ROWS_A_PIECE = 50


def distribution_csv(history: ShareHistory, title: str) -> Iterator[str]:
    """The text in pieces, each of which takes a few milliseconds.

    Args:
        history: What is kept.
        title: Of the first line.
    """
    names = [f"2^{number + FIRST_EXPONENT}" for number in range(N_EXPONENTS)]
    columns = [*SPECIAL, *range(N_EXPONENTS)]
    yield HEADER.format(title=title) + csv_lines([["step", "sampled", "zero", "subnormal", "Inf", "NaN", *names]])
    for begin in range(0, len(history.steps), _ROWS_A_PIECE):
        here = slice(begin, begin + _ROWS_A_PIECE)
        rows = zip(
            history.steps[here].tolist(),
            history.n_sampled[here].tolist(),
            history.shares[here, columns].tolist(),
            strict=True,
        )
        yield csv_lines([[str(step), str(n), *(f"{share:.6g}" for share in shares)] for step, n, shares in rows])
