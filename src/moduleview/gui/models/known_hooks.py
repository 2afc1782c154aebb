"""What is known of the hooks that can be ticked on one module: which are on, what they see, what others would meet."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moduleview.gui.models.hook_rows import HookTarget
from moduleview.gui.models.hook_states import CELL_STATE_OF, CellState
from moduleview.gui.models.hook_words import HookWords
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import COUNTING_KINDS, HOOK_STATISTICS, HookEntry, HookForecast, HookKind, HookStatus
from moduleview.telemetry.records import ModuleReport
from moduleview.telemetry.store_view import StoreView

_CALL = re.compile(r"call (\d+)")


class KnownHooks:
    """Reads a store. GUI thread only."""

    def __init__(self, store: StoreView, words: HookWords) -> None:
        self._store, self._words = store, words
        self.fqn: str | None = None
        self.targets: Sequence[HookTarget] = ()
        self._why_not = ""
        self._forecasts: dict[tuple[str, HookKind], HookForecast] = {}

    def look_at(self, fqn: str, targets: Sequence[HookTarget], why_not: str) -> None:
        """Turn to a module; ``why_not`` says why none of its own hooks is ever called, "" where they are."""
        self.fqn, self.targets, self._why_not = fqn, targets, why_not

    def read_forecasts(self) -> None:
        """Take what was foreseen since."""
        forecasts = () if self._report is None else self._report.hook_forecasts
        self._forecasts = {(forecast.fqn, forecast.kind): forecast for forecast in forecasts}

    @property
    def is_compiled(self) -> bool:
        """Hooks on this module fire only in steps that run uncompiled."""
        return self._report is not None and self._report.is_compiled

    def entry(self, target: HookTarget) -> HookEntry | None:
        """What is known of one of the hooks, or None when it is off."""
        return self._store.hooks.get((target.fqn, target.kind))

    def forecast(self, target: HookTarget) -> HookForecast | None:
        """What one would meet, or None where nothing is foreseen."""
        return self._forecasts.get((target.fqn, target.kind))

    def other_ways(self, selected: HookTarget | None) -> list[HookForecast]:
        """Forecasts with a kind that shows the same and is off: of one hook, then of those ticked and refused."""
        entries = ((target, self.entry(target)) for target in self.targets)
        refused = [target for target, entry in entries if entry is not None and entry.status is HookStatus.CANNOT_FIRE]
        found = [self.forecast(target) for target in ([] if selected is None else [selected]) + refused]
        return [
            way
            for way in found
            if way is not None and way.instead is not None and (way.fqn, way.instead) not in self._store.hooks
        ]

    def state(self, target: HookTarget) -> CellState:
        """What its box looks like."""
        entry = self.entry(target)
        if entry is not None:
            return CELL_STATE_OF[entry.status]
        return CellState.CANNOT_FIRE if self.why_never(target) else CellState.OFF

    def has_fired(self, target: HookTarget) -> bool:
        """There are numbers of it."""
        entry = self.entry(target)
        return entry is not None and entry.n_fires > 0 and self.is_measured(target)

    def is_measured(self, target: HookTarget) -> bool:
        """There may be numbers of it: it is on, or was until it could not fire any more."""
        entry = self.entry(target)
        if entry is None or target.kind in COUNTING_KINDS:
            return False
        has_fired = entry.n_fires > 0 and entry.status is HookStatus.CANNOT_FIRE
        return has_fired or entry.status is HookStatus.ACTIVE

    def measured_names(self) -> list[str]:
        """Of those that have numbers."""
        return [self._words.target(target) for target in self.targets if self.is_measured(target)]

    def why_never(self, target: HookTarget) -> str:
        """Why the module's own hooks are never called, whoever puts them on; its parameters' may be."""
        is_call = not target.parameter and target.kind not in COUNTING_KINDS
        return self._why_not if is_call else ""

    def note(self, target: HookTarget) -> str:
        """What is known of a hook that is on; of one that is not, what it would meet."""
        entry = self.entry(target)
        if entry is not None:
            return self._words.note(entry)
        forecast = self.forecast(target)
        if forecast is None:
            return ""
        return displayable(forecast.reason if self.why_never(target) else self._words.forecast(forecast), 500)

    def other_parts(self, target: HookTarget) -> list[str]:
        """In the order of calls: backward sees the last call first, and by that declares it first."""
        if self.entry(target) is None:
            return []
        keys = self._store.keys(f"{target.kind}.{HOOK_STATISTICS[0]}")
        return sorted((key.part for key in keys if key.fqn == target.fqn and key.part), key=_call_and_place)

    @property
    def _report(self) -> ModuleReport | None:
        return None if self.fqn is None else self._store.module_report(self.fqn)


def _call_and_place(part: str) -> tuple[int, str]:
    """``call 10 [1]`` comes after ``call 2``, and after what the first call has."""
    match = _CALL.match(part)
    return (int(match[1]), part) if match else (0, part)
