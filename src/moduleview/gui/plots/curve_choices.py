"""What a person chose for the curves: quantity, axis, smoothing, groups, time; kept between two starts."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from PySide6.QtCore import QObject, QPoint, QSignalBlocker, Signal
from PySide6.QtWidgets import QMenu

from moduleview.gui.models.quantity_words import QuantityWords
from moduleview.gui.plots.plot_menu import add_choice
from moduleview.gui.plots.series_groups import Grouping
from moduleview.gui.plots.title_controls import Choice, LogToggle, SmoothToggle
from moduleview.gui.shared_axes import SharedAxes
from moduleview.telemetry import quantities as q

_LOG_AT_FIRST = {q.GRAD_NORM, q.GRAD_RMS, q.GRAD_MAX, q.GRAD_STD, q.UPDATE_NORM, q.UPDATE_RATIO, *q.STATION_NORMS}
_OFF, _ON = "0", "1"


class CurveChoices(QObject):
    """The controls in the title and the entries of the menu. GUI thread only.

    What was chosen comes back when it is offered again: a module without it shows its gradient norm meanwhile.
    """

    changed = Signal()

    def __init__(self, axes: SharedAxes, parent: QObject) -> None:
        super().__init__(parent)
        self._axes = axes
        self._wanted: str = q.GRAD_NORM
        self._log_of: dict[str, bool] = {}  # chosen by hand
        self.grouping = Grouping.NONE
        self.log, self.smooth = LogToggle(is_on=True), SmoothToggle()
        self.words = QuantityWords(self)
        self.quantities = Choice(self.tr("What the curves show"), [(self.words.name(q.GRAD_NORM), q.GRAD_NORM)])
        self.log.clicked.connect(self._on_log_clicked)
        self.smooth.toggled.connect(self.changed)
        self.quantities.chosen.connect(self._on_quantity_chosen)

    @property
    def wanted(self) -> str:
        """What a person chose, shown or not."""
        return self._wanted

    @property
    def quantity(self) -> str:
        """What is shown."""
        return str(self.quantities.currentData())

    def offer(self, quantities: Sequence[str]) -> None:
        """Let a person choose among these, the first of which is always there."""
        self.quantities.set_options([(self.words.name(quantity), quantity) for quantity in quantities])
        self._show()

    def add_groupings(self, menu: QMenu, _at: QPoint | None) -> None:
        """The entries of the menu, of which one is chosen."""
        names = {
            Grouping.NONE: self.tr("A line for each module"),
            Grouping.PREFIX: self.tr("Group by beginning of the name"),
            Grouping.DEPTH: self.tr("Group by depth"),
            Grouping.TYPE: self.tr("Group by type"),
        }
        add_choice(menu, names, self.grouping, self.choose_grouping)

    def choose_grouping(self, grouping: Grouping) -> None:
        """Put the series into other groups."""
        self.grouping = grouping
        self.changed.emit()

    def kept(self) -> str:
        """All of it, as it is kept between two starts."""
        flags = {"smooth": self.smooth.isChecked(), "time": self._axes.shows_time}
        if self._wanted in self._log_of:
            flags["log"] = self._log_of[self._wanted]
        return urlencode(
            {
                "quantity": self._wanted,
                "grouping": self.grouping.value,
                **{name: _ON if is_on else _OFF for name, is_on in flags.items()},
            }
        )

    def restore(self, kept: str) -> None:
        """Take what ``kept`` gave; what does not fit is left as it is."""
        found = dict(parse_qsl(kept))
        self._wanted = found.get("quantity", self._wanted)
        if found.get("grouping") in set(Grouping):
            self.grouping = Grouping(found["grouping"])
        if found.get("log") in (_OFF, _ON):
            self._log_of[self._wanted] = found["log"] == _ON
        if "smooth" in found:
            self.smooth.setChecked(found["smooth"] != _OFF)
        self._axes.set_shows_time(found.get("time") == _ON)
        self._show()

    def _show(self) -> None:
        self.quantities.choose(self._wanted)
        self.quantities.explain(self.words.tip)
        with QSignalBlocker(self.log):
            self.log.setChecked(self._log_of.get(self.quantity, self.quantity in _LOG_AT_FIRST))

    def _on_log_clicked(self, is_log: bool) -> None:
        self._log_of[self.quantity] = is_log
        self.changed.emit()

    def _on_quantity_chosen(self, quantity: object) -> None:
        self._wanted = str(quantity)
        self._show()
        self.changed.emit()
