"""The loss against the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QStackedLayout, QWidget

from moduleview.gui.interventions.change_menu import ChangeMenu
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.alarm_marks import AlarmMarks
from moduleview.gui.plots.chart_lines import LineStyle
from moduleview.gui.plots.curve_points import LinePoints, steps_to_draw
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.export.series_csv import series_csv
from moduleview.gui.plots.navigation import StepNavigation
from moduleview.gui.plots.plot_menu import PlotMenu, TimeSection
from moduleview.gui.plots.run_time import read_run_time
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.gui.plots.title_controls import LogToggle, SmoothToggle
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.quantities import LOSS
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import StoreView

_LOSS = SeriesKey(LOSS)


class LossPanel(Panel):
    """The loss of each step, faint, and the mean of eight over it."""

    panel_id: ClassVar[str] = "loss"
    area: ClassVar[Area] = Area.CENTRE_BOTTOM
    order: ClassVar[int] = 1

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Loss"))
        self._drawn_for: tuple[object, ...] | None = None
        self._points = LinePoints([(_LOSS,)])
        self._chart = SeriesChart(context.theme, self)
        self._chart.set_log(False)
        self._chart.points_at_first_line = True
        self._chart.setAccessibleName(self.tr("Loss against the step"))
        self.alarms = AlarmMarks(self._chart)
        self._changes = ChangeMenu(context, self)
        self._navigation = StepNavigation(self._chart, context.axes, self)
        self._empty = EmptyState(
            context.theme,
            "chart",
            self.tr("No step yet"),
            self.tr("The loss of every step is drawn once training runs."),
            parent=self,
        )
        self._log, self._smooth = LogToggle(is_on=False), SmoothToggle()
        export = PlotExport(context, self._chart, "loss", lambda: series_csv(context.store, (_LOSS,), self.title()))
        sections = (TimeSection(context.axes, self), self._add_alarm, export.add_to)
        self._menu = PlotMenu(context.theme, self._chart, sections)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._chart)
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Loss")

    def title_controls(self) -> Sequence[QWidget]:
        """Logarithmic axis, smoothing, and the menu."""
        return (self._log, self._smooth, self._menu.button())

    def kept(self) -> str:
        """How it is drawn."""
        return urlencode({"log": int(self._log.isChecked()), "smooth": int(self._smooth.isChecked())})

    def restore_kept(self, kept: str) -> None:
        """Draw it so."""
        found = dict(parse_qsl(kept))
        for name, toggle in (("log", self._log), ("smooth", self._smooth)):
            if found.get(name) in ("0", "1"):
                toggle.setChecked(found[name] == "1")

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        axes = self.context.axes
        axes.take_extent(store.first_step, store.last_step)
        self.alarms.set_rings([ring for ring in store.books.changes.rings if ring.quantity == LOSS])
        is_there = store.latest(_LOSS) is not None and store.last_step is not None
        self._stack.setCurrentWidget(self._chart if is_there else self._empty)  # first: the chart takes its size now
        steps = self._steps_to_draw(store)
        looks = (self._chart.is_log, self._smooth.isChecked(), self.context.theme.tokens, axes.shows_time)
        state = (store.model, is_there, steps, axes.steps, looks)
        if state == self._drawn_for:
            return
        if self._drawn_for is None or self._drawn_for[0] is not store.model:
            self._points = LinePoints([(_LOSS,)])  # of another run
        self._drawn_for = state
        if not is_there:
            self._chart.forget_limits()
            return
        points = self._points.read(store, *steps)
        style = LineStyle(self.context.theme.tokens.series[0])
        self._chart.set_run_time(read_run_time(store, axes.steps) if axes.shows_time else None)
        self._chart.draw_lines(
            [(points[0], style)], axes.steps, has_smooth=self._smooth.isChecked(), is_following=axes.is_following
        )

    def _add_alarm(self, menu: QMenu, _at: object) -> None:
        menu.addSeparator()
        self._changes.add_alarm(menu, "", {"quantity": LOSS})

    def _steps_to_draw(self, store: StoreView) -> tuple[int, int, int]:
        """First and last step, and how many of them a point holds."""
        return steps_to_draw(store, self.context.axes.steps, self._chart.area.width())

    def showEvent(self, event: QShowEvent) -> None:
        """Draw at once what was missed while hidden."""
        super().showEvent(event)
        self.refresh(self.context.store)

    def _connect(self) -> None:
        context = self.context
        self._log.toggled.connect(self._on_log_toggled)
        self._smooth.toggled.connect(self._on_looks_changed)
        self._chart.step_pointed.connect(context.selection.set_crosshair)
        context.selection.crosshair_changed.connect(self._on_crosshair_changed)
        self._chart.area_changed.connect(self._on_looks_changed)
        context.axes.steps_changed.connect(self._on_looks_changed)
        context.axes.unit_changed.connect(self._on_looks_changed)
        context.theme.changed.connect(self._on_looks_changed)

    def _on_looks_changed(self) -> None:
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_log_toggled(self, is_log: bool) -> None:
        self._chart.set_log(is_log)
        self._on_looks_changed()

    def _on_crosshair_changed(self) -> None:
        self._chart.set_crosshair(self.context.selection.crosshair_step)
