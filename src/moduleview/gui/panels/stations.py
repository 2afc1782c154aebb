"""The way of one gradient through a step: where it changes, by how much, and what became of the step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.chart_lines import LineStyle
from moduleview.gui.plots.curve_points import steps_to_draw
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.export.series_csv import series_csv
from moduleview.gui.plots.missing_gradient import missing_gradient
from moduleview.gui.plots.navigation import StepNavigation
from moduleview.gui.plots.plot_menu import PlotMenu, TimeSection
from moduleview.gui.plots.run_time import read_run_time
from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.gui.plots.station_lane import StationLane
from moduleview.gui.plots.station_lines import StationLines
from moduleview.gui.plots.station_reading import LANE, Lane, StationReader
from moduleview.gui.plots.station_words import StationWords, is_unchanged, scale_text
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.readout import Readout
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.gui.widgets.vertical_scroll import VerticalScroll
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.store_view import StoreView

_NOTES_PX, _NOTES_LEAST_PX, _NOTES_FROM_PX = 189, 150, 700
_CHART_LEAST_PX = 80  # below, the curves are left out


class StationsPanel(Panel):
    """A line with the step's outcome, the lane, and the stations over the steps."""

    panel_id: ClassVar[str] = "stations"
    area: ClassVar[Area] = Area.CENTRE_BOTTOM
    order: ClassVar[int] = 2

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Stations of the gradient"))
        self._place: SelectedPlace | None = None
        self._place_for: tuple[object, object] | None = None
        self._fqns: tuple[str, ...] = ()
        self._reader = StationReader(())
        self._lines = StationLines(self._reader, 0)
        self._read_for: tuple[object, ...] = ()
        self._drawn_for: tuple[object, ...] = ()
        self.lane_shown = Lane()
        self._words = StationWords(self)
        self.chart = SeriesChart(context.theme, self)
        self.chart.setAccessibleName(self.tr("The stations against the step"))
        self._navigation = StepNavigation(self.chart, context.axes, self)
        self.lane = StationLane(context.theme, self)
        self.empty = EmptyState(context.theme, "stations", *self._words.nothing_selected(), parent=self)
        self._make_head()
        self._lay_out()
        export = PlotExport(context, self._body, "gradient stations", self._make_csv)
        self._menu = PlotMenu(context.theme, self.chart, (TimeSection(context.axes, self), export.add_to))
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Stations")

    def title_controls(self) -> Sequence[QWidget]:
        """The menu: step or time along the axis, and the export."""
        return (self._menu.button(),)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        selection, axes = self.context.selection, self.context.axes
        axes.take_extent(store.first_step, store.last_step)
        self._take_place(store)
        crosshair = selection.crosshair_step
        state = (self._place_for, store.series_revision, store.model_revision, store.costs, crosshair)
        if state != self._read_for:
            self._read_for = state
            self.lane_shown = self._reader.read(store, crosshair)
            self._show_lane(store)
        if self.chart.isVisible() and self.lane_shown.step is not None:
            self._draw_lines(store)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _take_place(self, store: StoreView) -> None:
        selection, model = self.context.selection, store.model
        fqn = selection.tensor_fqn if selection.tensor_fqn is not None else selection.fqn
        if (model, fqn) == self._place_for:
            return
        self._place_for = (model, fqn)
        self._place = None if model is None or fqn is None else SelectedPlace(model, fqn)
        self._fqns = tuple(key.fqn for key in self._place.norm_keys()) if self._place is not None else ()
        self._reader = StationReader(self._fqns)
        self._lines = StationLines(self._reader, len(self._fqns))
        self._drawn_for = ()
        self.chart.forget_limits()

    def _show_lane(self, store: StoreView) -> None:
        lane = self.lane_shown
        reason = self._why_empty(store)
        self._stack.setCurrentWidget(self.empty if reason else self._body)
        if reason:
            self.empty.set_texts(*reason)
            return
        self.lane.show_lane(lane, store.costs)
        self._show_head(lane)
        self.notes.setText(self._words.notes(len(self._fqns), store.costs, is_unchanged=is_unchanged(lane)))

    def _show_head(self, lane: Lane) -> None:
        assert self._place is not None
        self.name.set_text(displayable(self._place.fqn) or self.tr("whole model"))
        is_skipped = lane.skipped is not None
        step = number_format.NO_VALUE if lane.step is None else number_format.exact_count(lane.step)
        self.step.show_value(step, self.tr("skipped") if is_skipped else self.tr("applied"), warns=is_skipped)
        self.scale.setVisible(lane.loss_scale is not None)
        if lane.loss_scale is not None:
            self.scale.show_value(scale_text(lane.loss_scale))
        self.reason.set_text(displayable(lane.skipped.reason, 400) if lane.skipped is not None else "")

    def _why_empty(self, store: StoreView) -> tuple[str, str] | None:
        if self._place is None:
            return self._words.nothing_selected()
        if self.lane_shown.step is not None:
            return None
        reason = missing_gradient(store, self._place, self.context.selection.crosshair_step)
        return self._words.nothing_here(reason, self._words.every(store.costs))

    def _draw_lines(self, store: StoreView) -> None:
        axes, tokens = self.context.axes, self.context.theme.tokens
        steps = steps_to_draw(store, axes.steps, self.chart.area.width())
        state = (self._place_for, store.n_series, steps, axes.steps, axes.shows_time, tokens)
        if state == self._drawn_for:
            return
        self._drawn_for = state
        points = self._lines.read(store, *steps)
        styles = [LineStyle(tokens.series[number]) for number in range(len(LANE))]
        self.chart.set_run_time(read_run_time(store, axes.steps) if axes.shows_time else None)
        self.chart.draw_lines(list(zip(points, styles, strict=True)), axes.steps, has_smooth=False)
        if not self._lines.is_complete:
            self._drawn_for = ()

    def _make_csv(self) -> Iterator[str]:
        name = self.tr("stations of the gradient of {0}").format(self.name.text())
        keys = [key for key in self._reader.all_keys if self.context.store.latest(key) is not None]
        return series_csv(self.context.store, keys, name)

    # -- building --------------------------------------------------------------------------------------------------

    def _make_head(self) -> None:
        theme = self.context.theme
        self.name = ElidedLabel(self, Qt.TextElideMode.ElideLeft)
        self.name.setProperty("role", "mono")
        self.step = Readout(theme, self.tr("step"), self)
        self.scale = Readout(theme, self.tr("loss scale"), self)
        self.reason = ElidedLabel(self)
        self.reason.setProperty("role", "muted")
        self.notes = _Notes(self, wordWrap=True)
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setProperty("role", "caption")
        self.notes.setAlignment(Qt.AlignmentFlag.AlignTop)

    def _lay_out(self) -> None:
        self._body = QWidget(self)
        self._head = QHBoxLayout()
        for widget in (self.name, self.step, self.scale):
            self._head.addWidget(widget)
        self._head.addWidget(self.reason, 1)
        self._lane_area = VerticalScroll(self.context.theme, self.lane, 0, self._body)  # rows, where the panel is low
        self._plot = QWidget(self._body)
        row = QHBoxLayout(self._plot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.chart, 1)
        row.addWidget(self.notes)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head)
        self._rule = HorizontalRule(self)
        column.addWidget(self._rule)
        column.addWidget(self._lane_area)
        column.addWidget(self._plot, 1)
        column.addStretch(0)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._body)
        self._on_theme_changed()

    def _connect(self) -> None:
        context = self.context
        self.chart.step_pointed.connect(context.selection.set_crosshair)
        self.chart.area_changed.connect(self._on_looks_changed)
        context.selection.crosshair_changed.connect(self._on_crosshair_changed)
        for signal in (context.selection.changed, context.axes.steps_changed, context.axes.unit_changed):
            signal.connect(self._on_looks_changed)
        context.axes.columns_changed.connect(self._fit)
        context.theme.changed.connect(self._on_theme_changed)

    def _fit(self) -> None:
        """End the curves where the map's columns end; leave them out where they had no height."""
        px, edge = self.context.theme.px, self.context.axes.right_edge
        width = px(_NOTES_PX)
        if edge is not None and self.isVisible():
            wanted = self.mapToGlobal(QPoint(self.width(), 0)).x() - edge - px(self.chart.right_margin)
            if px(_NOTES_LEAST_PX) <= wanted <= self.width() // 2:
                width = wanted
        self.notes.setFixedWidth(width)
        self.notes.setVisible(self.width() >= px(_NOTES_FROM_PX))
        room = self.height() - self._head.sizeHint().height() - self._rule.sizeHint().height()
        self.lane.set_room(room)
        height = self.lane.height_at(self.width())
        self.lane.setFixedHeight(height)
        self._lane_area.setFixedHeight(max(min(height, room), 0))
        self._plot.setVisible(room - height >= px(_CHART_LEAST_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The notes keep their width, the curves take the rest."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw at once what was missed while hidden."""
        super().showEvent(event)
        self._fit()
        self.refresh(self.context.store)

    # -- what changes ----------------------------------------------------------------------------------------------

    def _on_theme_changed(self) -> None:
        px = self.context.theme.px
        self._head.setContentsMargins(px(12), px(4), px(8), px(4))
        self._head.setSpacing(px(16))
        self.notes.setContentsMargins(px(10), px(8), px(8), px(8))
        self._on_looks_changed()

    def _on_looks_changed(self) -> None:
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_crosshair_changed(self) -> None:
        self.chart.set_crosshair(self.context.selection.crosshair_step)
        self._on_looks_changed()


class _Notes(QLabel):
    """Wrapped words that do not ask for a height: the curves would be pushed over the lane."""

    def hasHeightForWidth(self) -> bool:
        """It takes what it gets."""
        return False

    def minimumSizeHint(self) -> QSize:
        """Nothing."""
        return QSize(0, 0)
