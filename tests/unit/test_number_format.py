"""Numbers as visual.md writes them."""

from __future__ import annotations

import math

import pytest

from moduleview.gui.look import number_format


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.42, "4.2e-1"),
        (4.2, "4.2e+0"),
        (-3.1e-4, "\u22123.1e-4"),
        (0.0, "0.0e+0"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "\u2212Inf"),
        (None, "–"),
        (1.5e-12, "1.5e-12"),
        (9.96, "1.0e+1"),
    ],
)
def test_gradient(value: float | None, text: str) -> None:
    assert number_format.gradient(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (512, "512"),
        (999, "999"),
        (1000, "1.0 k"),
        (65_800, "65.8 k"),
        (789_760, "789.8 k"),
        (9_859_586, "9.86 M"),
        (999_960, "1.00 M"),
        (124_000_000, "124.0 M"),
        (7_000_000_000, "7.00 G"),
    ],
)
def test_short_count(count: int, text: str) -> None:
    assert number_format.short_count(count) == text


@pytest.mark.parametrize(("size", "text"), [(12, "12 B"), (2048, "2 KiB"), (1_406_000_000, "1.31 GiB")])
def test_bytes(size: int, text: str) -> None:
    assert number_format.n_bytes(size) == text


def test_shapes_durations_and_long_names() -> None:
    assert number_format.shape((768, 256)) == "768 × 256"
    assert number_format.shape(()) == "scalar"
    assert number_format.shape(None) == "–"
    assert number_format.duration(33) == "00:33"
    assert number_format.duration(3729) == "1:02:09"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0213, "0.0213"),
        (9.42, "9.42"),
        (0.0, "0"),
        (-0.41, "\u22120.41"),
        (1e-7, "1.0e-7"),
        (None, "–"),
        (-12345.6, "\u221212346"),
    ],
)
def test_plain(value: float | None, text: str) -> None:
    assert number_format.plain(value) == text
