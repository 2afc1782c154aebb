"""Evidence is written as the screen writes numbers."""

import pytest

from moduleview.telemetry.number_words import scientific, significant


@pytest.mark.parametrize(("value", "text"), [(0.024, "2.4e-2"), (1e-5, "1.0e-5"), (31.0, "3.1e+1")])
def test_exponents_are_not_padded(value, text):
    assert scientific(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0483, "0.0483"), (79.4, "79.4"), (1234.4, "1,230"), (2.4e-5, "2.4e-5"), (0.0, "0")]
)
def test_significant_digits_stay_short(value, text):
    assert significant(value) == text
