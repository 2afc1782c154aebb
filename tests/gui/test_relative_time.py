from datetime import datetime

import pytest
from PySide6.QtCore import QLocale

from moduleview.gui.opening.relative_time import RelativeTime

NOW = datetime(2026, 11, 18, 12, 0, 0)  # a Wednesday


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (datetime(2026, 11, 18, 11, 59, 30), "just now"),
        (datetime(2026, 11, 18, 11, 59, 0), "1 minute ago"),
        (datetime(2026, 11, 18, 11, 2, 0), "58 minutes ago"),
        (datetime(2026, 11, 18, 11, 0, 0), "1 hour ago"),
        (datetime(2026, 11, 18, 2, 0, 0), "10 hours ago"),
        (datetime(2026, 11, 17, 23, 0, 0), "yesterday"),
        (datetime(2026, 11, 16, 9, 0, 0), "Monday"),
        (datetime(2026, 11, 11, 9, 0, 0), "11 November"),
        (datetime(2025, 11, 12, 9, 0, 0), "12 November 2025"),
        (datetime(2026, 11, 19, 9, 0, 0), "just now"),
    ],
)
def test_times_are_said_as_a_person_would(then, words):
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English))
    try:
        assert RelativeTime().words(then.timestamp(), NOW.timestamp()) == words
    finally:
        QLocale.setDefault(before)
