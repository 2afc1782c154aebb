"""The distributions of what is selected, put together over its parameters and read again only when there are new."""

from __future__ import annotations

from dataclasses import dataclass

from moduleview.gui.plots.magnitude_shares import ShareHistory, combine, occupied, widened
from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.telemetry.histograms import HistogramHistory
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

MOST_PARAMETERS = 16  # put together at each frame
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
        n_elements: Of all of them.
        history: Their shares, empty where none were measured, or where there are more than 16 parameters.
    """

    def __init__(self) -> None:
        self._asked = Asked()
        self._read: tuple[HistogramHistory, ...] = ()
        self._bins: tuple[int, int] | None = None
        self.history: ShareHistory
        self._take(Asked())

    def update(self, store: StoreView, asked: Asked) -> bool:
        """Read what is asked for; True when it is something else than the last time, or when there is more of it."""
        has_turned = asked != self._asked
        if has_turned:
            self._take(asked)
        names = self.fqns if len(self.fqns) <= MOST_PARAMETERS else ()
        read = tuple(store.histograms(asked.quantity, fqn) for fqn in names)
        if not has_turned and all(a is b for a, b in zip(read, self._read, strict=True)):
            return False
        self._read = read
        self.history = combine(read, self._numels if names else [])
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
        if asked.model is not None and asked.fqn is not None:
            self.place = SelectedPlace(asked.model, asked.fqn)
            self.fqns = tuple(key.fqn for key in self.place.norm_keys())
            rows = [asked.model.tensor_row_of(fqn) for fqn in self.fqns]
            tensors = asked.model.tensors
            self.dtypes = tuple(tensors.dtypes[row] for row in rows if row is not None)
            self._numels = [int(tensors.numel[row]) for row in rows if row is not None]

    @property
    def n_elements(self) -> int:
        """Of all parameters."""
        return sum(self._numels)
