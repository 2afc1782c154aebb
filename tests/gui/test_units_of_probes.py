"""The unit that a probe measures in is the one that stands on the screen."""

from __future__ import annotations

import pytest

from moduleview import probes as probes_package
from moduleview.gui.models.quantity_words import QuantityWords
from moduleview.probes.base import Probe
from moduleview.registry import discover

SERIES = [kind for kind in discover(probes_package, Probe) if not kind.is_histogram]


@pytest.mark.parametrize("kind", SERIES, ids=lambda kind: kind.quantity)
def test_the_screen_has_the_probes_unit(kind: type[Probe]) -> None:
    assert QuantityWords().text(kind.quantity).unit == kind.unit
