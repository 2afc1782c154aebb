"""The distributions of what is selected, put together over its parameters and read again only when there are new."""

from __future__ import annotations

from dataclasses import dataclass

from moduleview.gui.plots.magnitude_shares import ShareHistory, combine, occupied, widened
from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.gui.plots.summed_shares import SummedShares
from moduleview.telemetry.histograms import HistogramHistory
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

STEPS_BEFORE = 100  # of the step that is compared with, as in the profile
_MOST_AT_ONCE = 16  # parameters whose whole history is read at each frame; that of more is read step by step
_FIRST_BINS = (20, 43)  # of a tensor of zeros


@dataclass(frozen=True)
class Asked:
    """What is to be shown.

    Attributes:
        model: The snapshot; None when nothing is open.
        fqn: Module or parameter; None for nothing.
        quantity: ``grad_magnitudes`` or ``weight_magnitudes``.
    """

    model: ModelSnapshot | None = None
    fqn: str | None = None
    quantity: str = ""


class SelectedShares:
    """Reads a store. GUI thread only.

    Attributes:
        place: What is selected, None for nothing.
        fqns: Its parameters, each tensor once.
        dtypes: Of each of them.
        history: Their shares, empty where none were measured.
    """

    def __init__(self) -> None:
        self._asked = Asked()
        self._read: tuple[HistogramHistory, ...] = ()
        self._bins: tuple[int, int] | None = None
        self.history: ShareHistory
        self._take(Asked())

    @property
    def is_complete(self) -> bool:
        """All that is kept has been read; else the next ``update`` reads more."""
        return self._summed is None or self._summed.is_complete

    def update(self, store: StoreView, asked: Asked, step: int | None = None) -> bool:
        """Read what is asked for; True when it is something else than the last time, or when there is more of it.

        Args:
            store: Where from.
            asked: What is to be shown.
            step: The step that is looked at, None for the newest; where much is to be read it comes first.
        """
        has_turned = asked != self._asked
        if has_turned:
            self._take(asked)
        if self._summed is not None:
            has_more = self._summed.update(store, step, STEPS_BEFORE)
            if has_more:
                self.history = self._summed.history
            return has_turned or has_more
        read = tuple(store.histograms(asked.quantity, fqn) for fqn in self.fqns)
        if not has_turned and all(a is b for a, b in zip(read, self._read, strict=True)):
            return False
        self._read = read
        self.history = combine(read, self._numels)
        return True

    @property
    def bins(self) -> tuple[int, int]:
        """The first and the last bin to be drawn; they only widen while one thing is looked at."""
        ends = occupied(self.history.shares) or self._bins or _FIRST_BINS
        if self._bins is not None:
            ends = min(ends[0], self._bins[0]), max(ends[1], self._bins[1])
        self._bins = widened(ends)
        return self._bins

    def _take(self, asked: Asked) -> None:
        self._asked, self._read, self._bins = asked, (), None
        self.history = combine((), ())
        self.place: SelectedPlace | None = None
        self.fqns: tuple[str, ...] = ()
        self.dtypes: tuple[str, ...] = ()
        self._numels: list[int] = []
        self._summed: SummedShares | None = None
        if asked.model is not None and asked.fqn is not None:
            self.place = SelectedPlace(asked.model, asked.fqn)
            self.fqns = tuple(key.fqn for key in self.place.norm_keys())
            rows = [asked.model.tensor_row_of(fqn) for fqn in self.fqns]
            tensors = asked.model.tensors
            self.dtypes = tuple(tensors.dtypes[row] for row in rows if row is not None)
            self._numels = [int(tensors.numel[row]) for row in rows if row is not None]
        if len(self.fqns) > _MOST_AT_ONCE:
            self._summed = SummedShares(asked.quantity, self.fqns, self._numels)
