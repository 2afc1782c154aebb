"""Fills the curves' legend: names and values of the lines, and what the lines mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from moduleview.gui.look import number_format
from moduleview.gui.plots.chart_lines import LineStyle, value_at
from moduleview.gui.plots.chosen_series import ChosenSeries, SeriesChoice
from moduleview.gui.plots.curve_points import SMOOTHED_STEPS, CurvePoints, newest_values
from moduleview.gui.plots.legend import Legend
from moduleview.gui.plots.legend_model import LEGEND_ROW_ROLE, LegendRow
from moduleview.gui.selection import Selection
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.store_view import StoreView


class CurveLegend(QObject):
    """Writes lines into a ``Legend`` and keeps which of them a person has hidden."""

    hidden_changed = Signal()
    line_chosen = Signal(str)  # FQN to select

    def __init__(self, legend: Legend, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._legend, self._selection = legend, selection
        self._series: tuple[ChosenSeries, ...] = ()
        self._hidden: frozenset[tuple[str, str]] = frozenset()
        view = legend.view
        view.line_toggled.connect(self._on_line_toggled)
        view.line_isolated.connect(self._on_line_isolated)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._on_menu)

    @property
    def hidden(self) -> frozenset[tuple[str, str]]:
        """Identities of the lines that are not drawn; a line stays hidden when it is selected again."""
        return self._hidden

    def is_hidden(self, series: ChosenSeries) -> bool:
        """A person has hidden this line."""
        return _identity(series) in self._hidden

    def fill(
        self,
        choice: SeriesChoice,
        points: Sequence[CurvePoints],
        styles: Sequence[LineStyle],
        store: StoreView,
    ) -> None:
        """Show these lines with their values at the crosshair, or their newest, wherever the plot looks."""
        self._series = choice.series
        step = self._selection.crosshair_step
        root_name = "" if store.model is None else store.model.names[0]
        if step is None:
            values = newest_values(store, [series.keys for series in choice.series], choice.keys, choice.groups)
        else:
            values = [value_at(line, step) for line in points]
        names = _without_what_all_share(choice.series)
        rows: list[LegendRow] = []
        is_pinned: bool | None = None
        for number in self._order(choice.series, values, is_pointed=step is not None):
            series, style = choice.series[number], styles[number]
            if series.is_pinned != is_pinned:
                is_pinned = series.is_pinned
                rows.append(LegendRow("", self.tr("pinned")) if is_pinned else self._selected_group(root_name))
            value = number_format.gradient(values[number])
            rows.append(LegendRow(displayable(names[number]), "", series.fqn, number, style, value))
        if choice.n_left_out:
            more = self.tr("{0} more: select one to see it").format(str(choice.n_left_out))
            rows.append(LegendRow("", more))
        self._legend.model.set_rows(rows)
        self._legend.set_step(step if step is not None else store.last_step, step is not None)

    def set_meaning(self, points: Sequence[CurvePoints], *, has_smooth: bool, is_group: bool, has_below: bool) -> None:
        """Say what the lines mean."""
        n_steps = max((int(np.median(line.n_steps)) for line in points if len(line.steps)), default=1)
        lines, middle = list[str](), self.tr("each measured step")
        if is_group:
            lines, middle = [self.tr("Band: all of the group")], self.tr("its median")
        elif n_steps > 1:
            band = self.tr("Band: extremes of {0} steps")
            lines, middle = [band.format(number_format.exact_count(n_steps))], self.tr("its middle")
        if has_smooth and (is_group or n_steps == 1):
            lines.append(self.tr("Faint: {0}").format(middle))
        if has_smooth:
            words = self.tr("mean of {0} of these") if n_steps == 1 else self.tr("median of {0} middles")
            middle = words.format(str(SMOOTHED_STEPS))
        lines += [self.tr("Line: {0}").format(middle), self.tr("Gap: not finite")]
        if has_below:
            lines.append(self.tr("Mark below: zero or less"))
        self._legend.set_note("\n".join(lines))

    @staticmethod
    def _order(series: Sequence[ChosenSeries], values: Sequence[float | None], *, is_pointed: bool) -> list[int]:
        """Numbers of the lines: at the crosshair the largest value first, and pinned ones behind the others."""
        if not is_pointed:
            return list(range(len(series)))

        def rank(number: int) -> tuple[bool, bool, float]:
            value = values[number]
            is_missing = value is None or math.isnan(value)
            return series[number].is_pinned, is_missing, 0.0 if is_missing or value is None else -value

        return sorted(range(len(series)), key=rank)

    def _selected_group(self, root_name: str) -> LegendRow:
        fqns, tensor = self._selection.fqns, self._selection.tensor_fqn
        if len(fqns) > 1 and tensor is None:
            return LegendRow("", self.tr("{0} selected").format(str(len(fqns))))
        name = tensor or self._selection.fqn or root_name
        return LegendRow(displayable(name), self.tr("selected"), name)

    def _on_line_toggled(self, number: int) -> None:
        self._hidden ^= {_identity(self._series[number])}
        self.hidden_changed.emit()

    def _on_line_isolated(self, number: int) -> None:
        """Leave one line; where it is alone already, bring all back."""
        mine = _identity(self._series[number])
        others = {_identity(series) for series in self._series} - {mine}
        is_alone = others <= self._hidden
        self._hidden = (self._hidden - {mine}) - others if is_alone else (self._hidden - {mine}) | others
        self.hidden_changed.emit()

    def _on_menu(self, at: QPoint) -> None:
        view = self._legend.view
        index = view.indexAt(at)
        row = index.data(LEGEND_ROW_ROLE) if index.isValid() else None
        if row is None or row.number is None:
            return
        fqn = row.fqn
        menu = QMenu(view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Select"), lambda: self.line_chosen.emit(fqn))
        pin_text = self.tr("Unpin") if fqn in self._selection.pinned else self.tr("Pin")
        menu.addAction(pin_text, lambda: self._selection.toggle_pin(fqn))
        menu.addAction(self.tr("Copy path"), lambda: QGuiApplication.clipboard().setText(fqn))
        menu.popup(view.viewport().mapToGlobal(at))


def _without_what_all_share(series: Sequence[ChosenSeries]) -> list[str]:
    """Labels without the modules that all of the selected ones, or all of the pinned ones, begin with."""
    names = []
    for one in series:
        parts = [other.label.split(".") for other in series if other.is_pinned == one.is_pinned]
        n_least = min(len(part) for part in parts) - 1 if len(parts) > 1 else 0
        n_shared = next((at for at in range(n_least) if len({part[at] for part in parts}) > 1), n_least)
        names.append(".".join(one.label.split(".")[n_shared:]))
    return names


def _identity(series: ChosenSeries) -> tuple[str, str]:
    return series.fqn, series.label
