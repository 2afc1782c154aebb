"""Puts counting stand-ins into torch's tables while somebody looks, and the originals back afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from moduleview.hooks.counted_hook import CountedHook, counted, why_not_counted
from moduleview.hooks.kinds import HookSlot
from moduleview.hooks.silent_hook import is_ours


@dataclass(frozen=True, eq=False)
class _Placed:
    slot: HookSlot
    stand_in: CountedHook
    original: object

    def is_in_place(self) -> bool:
        return self.slot.table.get(self.slot.key) is self.stand_in

    def take_back(self) -> None:
        """The same number keeps its place in the table; a hook that its owner removed meanwhile stays removed."""
        if self.is_in_place():
            self.slot.table[self.slot.key] = self.original


class HookCounter:
    """Training thread only, between two steps: a table that torch walks through must not change."""

    def __init__(self) -> None:
        self._placed: dict[tuple[int, int], _Placed] = {}

    def look_at(self, slots: Iterable[HookSlot]) -> None:
        """Count these hooks from now on, and no others; those that were counted go on where they were."""
        wanted = {(id(slot.table), slot.key): slot for slot in slots}
        for place in [place for place in self._placed if place not in wanted]:
            self._placed.pop(place).take_back()
        for place, slot in wanted.items():
            known = self._placed.get(place)
            if known is not None and known.is_in_place():
                continue
            hook = slot.hook
            if not is_ours(hook) and not why_not_counted(hook):
                stand_in = counted(hook)
                slot.table[slot.key] = stand_in
                self._placed[place] = _Placed(slot, stand_in, hook)

    def look_away(self) -> None:
        """Put all originals back."""
        self.look_at(())
