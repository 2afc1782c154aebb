"""How often a hook fired and what that cost, in words; the one place that knows one fire from several."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from moduleview.gui.look.number_format import exact_count, plain
from moduleview.telemetry.hooks import HookEntry


def fires_words(n_fires: int) -> str:
    """``1 fire``, ``1 284 fires``."""
    translate = QCoreApplication.translate
    return (
        translate("Fires", "1 fire") if n_fires == 1 else translate("Fires", "{0} fires").format(exact_count(n_fires))
    )


def fires_and_cost(entry: HookEntry) -> str:
    """``417 fires, 41.2 µs a fire``; without the cost where it was not measured."""
    if not math.isfinite(entry.us_per_fire):
        return fires_words(entry.n_fires)
    cost = QCoreApplication.translate("Fires", "{0} µs a fire").format(plain(entry.us_per_fire, 3))
    return f"{fires_words(entry.n_fires)}, {cost}"
