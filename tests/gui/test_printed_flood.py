"""Fault row 40 from end to end, small: the real window with its log panel in front, and a model that prints."""

from flood import LIMITS, flood


def test_window_lives_beside_a_model_that_prints_without_end(qtbot, tmp_path):
    seen = flood(tmp_path, 50_000)
    assert seen.n_shown > 0
    assert seen.grown_mb <= LIMITS.grown_mb
    assert seen.longest_gap_ms <= 5 * LIMITS.longest_gap_ms  # the soak run holds the limit; tests share their cores
