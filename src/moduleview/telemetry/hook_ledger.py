"""Which hooks are ticked: what the viewer asked for over what the training side confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus

HookPlace = tuple[str, HookKind]


class HookLedger:
    """A tick shows as requested until it is confirmed; an untick hides the hook at once."""

    def __init__(self) -> None:
        self._confirmed: dict[HookPlace, HookEntry] = {}
        self._requested: dict[HookPlace, HookEntry] = {}
        self._unticked: set[HookPlace] = set()
        self._shown: dict[HookPlace, HookEntry] = {}

    @property
    def entries(self) -> Mapping[HookPlace, HookEntry]:
        """Ticked hooks by (fqn, kind), those only requested included."""
        return MappingProxyType(self._shown)

    def request(self, command: SetHooks) -> None:
        """The viewer sent this command; it applies at the next safe point."""
        for fqn in command.fqns:
            place = (fqn, command.kind)
            if command.enabled:
                self._requested[place] = HookEntry(fqn, command.kind, HookStatus.REQUESTED)
                self._unticked.discard(place)
            else:
                self._requested.pop(place, None)
                self._unticked.add(place)
        self._merge()

    def confirm(self, entries: Sequence[HookEntry]) -> None:
        """The training side says which hooks are on; what it does not name is off."""
        self._confirmed = {(entry.fqn, entry.kind): entry for entry in entries}
        self._unticked &= set(self._confirmed)
        for place in self._confirmed:
            self._requested.pop(place, None)
        self._merge()

    def _merge(self) -> None:
        self._shown = {place: entry for place, entry in self._confirmed.items() if place not in self._unticked}
        self._shown.update(self._requested)
