"""Curves of what is selected and pinned: at most 16 lines over the steps of the gradient map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedLayout, QWidget

from moduleview.gui.interventions.change_menu import ChangeMenu
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.alarm_marks import AlarmMarks
from moduleview.gui.plots.chart_lines import LineStyle, series_style
from moduleview.gui.plots.chart_with_legend import ChartWithLegend
from moduleview.gui.plots.chosen_series import SeriesChoice, choose_series, quantities_of
from moduleview.gui.plots.curve_choices import CurveChoices
from moduleview.gui.plots.curve_legend import CurveLegend
from moduleview.gui.plots.curve_points import CurvePoints, LinePoints, steps_to_draw
from moduleview.gui.plots.curve_words import CurveWords
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.export.series_csv import series_csv
from moduleview.gui.plots.missing_gradient import missing_gradient
from moduleview.gui.plots.navigation import StepNavigation
from moduleview.gui.plots.plot_menu import PlotMenu, TimeSection
from moduleview.gui.plots.run_time import read_run_time
from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.gui.plots.series_groups import Grouping, group_series
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.store_view import StoreView


class CurvesPanel(Panel):
    """Lines against the step, with a legend that says their values at the crosshair."""

    panel_id: ClassVar[str] = "curves"
    area: ClassVar[Area] = Area.CENTRE_BOTTOM
    order: ClassVar[int] = 0

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Curves"))
        self._choice = SeriesChoice()  # the lines that are drawn
        self._points: list[CurvePoints] = []
        self._reader = LinePoints([])
        self._front: int | None = None
        self._choices = CurveChoices(context.axes, self)
        self._drawn_for: object = None
        self._chosen_for: tuple[object, int] | None = None
        self._seen_revision = -1
        self._is_stale = True  # something other than the store has changed
        self._body = ChartWithLegend(context.theme, self)
        self._body.setAccessibleName(self.tr("Curves"))
        self._chart = self._body.chart
        self._chart.setAccessibleName(self.tr("Curves against the step"))
        self.alarms = AlarmMarks(self._chart)
        self._navigation = StepNavigation(self._chart, context.axes, self)
        self._lines = CurveLegend(self._body.legend, context.selection, self)
        self._texts = CurveWords(self)
        self._empty = EmptyState(context.theme, "chart", *self._texts.nothing_selected(), parent=self)
        self._lay_out()
        self._make_controls()
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Curves")

    def title_controls(self) -> Sequence[QWidget]:
        """Logarithmic axis, smoothing, the quantity, and the menu."""
        choices = self._choices
        return (choices.log, choices.smooth, choices.quantities, self._menu.button())

    def kept(self) -> str:
        """What is shown, and how."""
        return self._choices.kept()

    def restore_kept(self, kept: str) -> None:
        """Take what ``kept`` gave."""
        self._choices.restore(kept)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        axes, selection = self.context.axes, self.context.selection
        axes.take_extent(store.first_step, store.last_step)
        if store.revision == self._seen_revision and not self._is_stale:
            return
        self._seen_revision, self._is_stale = store.revision, False
        selected = (selection.fqns, selection.tensor_fqn, selection.pinned)
        chosen_for = (store.model, self._choices.wanted, self._choices.grouping, *selected)
        self._choose(store, chosen_for)
        self._mark_rings(store)
        self._show_empty(store)
        if store.last_step is None:
            return
        steps = self._steps_to_draw(store)
        state = (self._chosen_for, steps, axes.steps, self._looks())
        if not self._choice.series:
            return
        if state == self._drawn_for:
            self._fill_legend(self._styles())  # the newest values may be out of the plot
            return
        self._drawn_for = state
        self._points = self._reader.read(store, *steps)
        self._draw()
        if not self._reader.is_complete:
            self._drawn_for = None
            self._is_stale = True

    def _steps_to_draw(self, store: StoreView) -> tuple[int, int, int]:
        """First and last step, and how many of them a point holds."""
        return steps_to_draw(store, self.context.axes.steps, self._chart.area.width())

    # -- building --------------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self._changes = ChangeMenu(self.context, self)
        self._export = PlotExport(self.context, self._body, "curves", self._make_csv)
        time = TimeSection(self.context.axes, self)
        sections = (time, self._choices.add_groupings, self._add_alarm, self._export.add_to)
        self._menu = PlotMenu(self.context.theme, self._chart, sections)

    def _add_alarm(self, menu: QMenu, _at: object) -> None:
        selection = self.context.selection
        menu.addSeparator()
        fqn = selection.tensor_fqn or selection.fqn or ""
        self._changes.add_alarm(menu, fqn, {"quantity": self._choices.quantity})

    def _make_csv(self) -> Iterator[str]:
        return series_csv(self.context.store, self._choice.keys, self._choices.words.name(self._choices.quantity))

    def _lay_out(self) -> None:
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._body)

    def _connect(self) -> None:
        context = self.context
        self._choices.changed.connect(self._on_looks_changed)
        self._chart.step_pointed.connect(context.selection.set_crosshair)
        self._chart.nearest_changed.connect(self._on_front_changed)
        self._chart.clicked.connect(self._on_clicked)
        self._chart.area_changed.connect(self._on_looks_changed)
        self._body.legend.view.line_hovered.connect(self._on_front_changed)
        self._lines.hidden_changed.connect(self._on_looks_changed)
        self._lines.line_chosen.connect(self._select)
        context.selection.crosshair_changed.connect(self._on_crosshair_changed)
        for signal in (context.selection.changed, context.selection.pinned_changed, context.axes.steps_changed):
            signal.connect(self._on_looks_changed)
        context.axes.unit_changed.connect(self._on_looks_changed)
        context.axes.columns_changed.connect(lambda: self._body.fit(context.axes.right_edge))
        context.theme.changed.connect(self._on_looks_changed)

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _looks(self) -> tuple[object, ...]:
        return (
            self._choices.log.isChecked(),
            self._choices.smooth.isChecked(),
            self._lines.hidden,
            self._front,
            self.context.theme.tokens,
            self._chart.area.width(),
            self.context.axes.shows_time,
        )

    def _choose(self, store: StoreView, chosen_for: object) -> None:
        """Find the lines again when something else is selected, or something is measured for the first time."""
        if (chosen_for, store.n_series) == self._chosen_for:
            return
        has_turned = self._chosen_for is None or self._chosen_for[0] != chosen_for
        self._chosen_for = (chosen_for, store.n_series)
        selection = self.context.selection
        offered = quantities_of(store, selection.fqns, selection.tensor_fqn)
        self._choices.offer(offered)
        choice = self._find_lines(store)
        if has_turned or choice != self._choice:
            self._choice, self._front = choice, None
            self._reader = LinePoints([series.keys for series in choice.series], choice.groups)
            self._chart.forget_limits()

    def _find_lines(self, store: StoreView) -> SeriesChoice:
        selection, quantity, grouping = self.context.selection, self._choices.quantity, self._choices.grouping
        if grouping is Grouping.NONE or selection.tensor_fqn is not None:
            return choose_series(store, selection.fqns, selection.tensor_fqn, selection.pinned, quantity)
        return group_series(store, selection.fqns, selection.pinned, quantity, grouping)

    def _mark_rings(self, store: StoreView) -> None:
        shown = {series.fqn for series in self._choice.series if not self._lines.is_hidden(series)}
        rings = store.books.changes.rings
        self.alarms.set_rings([one for one in rings if one.quantity == self._choices.quantity and one.fqn in shown])

    def _show_empty(self, store: StoreView) -> None:
        selection, choice = self.context.selection, self._choice
        if not choice.series:
            are_others_offered = self._choices.quantities.count() > 1
            words = self._texts.no_line(store, selection, are_others_offered=are_others_offered)
        elif store.last_step is None:
            words = self._texts.no_step()
        elif store.latest_of(choice.keys)[1].any() or self._choices.quantity != GRAD_NORM or store.model is None:
            self._stack.setCurrentWidget(self._body)
            return
        else:
            place = SelectedPlace(store.model, choice.series[0].fqn)
            words = self._texts.no_value(missing_gradient(store, place, None))
        self._empty.set_texts(*words)
        self._stack.setCurrentWidget(self._empty)

    def _styles(self) -> list[LineStyle]:
        colors = self.context.theme.tokens.series
        styles = []
        for number, series in enumerate(self._choice.series):
            style = series_style(number, colors, is_pinned=series.is_pinned)
            is_hidden = self._lines.is_hidden(series)
            is_faded = self._front is not None and self._front != number
            styles.append(LineStyle(style.color, style.dash, is_hidden, is_faded))
        return styles

    def _draw(self) -> None:
        styles, is_smooth, is_log = self._styles(), self._choices.smooth.isChecked(), self._choices.log.isChecked()
        if self._chart.is_log != is_log:
            self._chart.set_log(is_log)
        lines, axes = list(zip(self._points, styles, strict=True)), self.context.axes
        self._chart.set_run_time(read_run_time(self.context.store, axes.steps) if axes.shows_time else None)
        self._chart.draw_lines(lines, axes.steps, has_smooth=is_smooth, is_following=axes.is_following)
        self._chart.bring_to_front(self._front)
        is_group, has_below = bool(self._choice.groups), self._chart.has_below
        self._lines.set_meaning(self._points, has_smooth=is_smooth, is_group=is_group, has_below=has_below)
        self._fill_legend(styles)

    def _fill_legend(self, styles: Sequence[LineStyle]) -> None:
        self._lines.fill(self._choice, self._points, styles, self.context.store)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The same lines, on more or fewer pixels."""
        super().resizeEvent(event)
        self._is_stale = True

    def showEvent(self, event: QShowEvent) -> None:
        """Draw at once what was missed while hidden."""
        super().showEvent(event)
        self._is_stale = True
        self._body.fit(self.context.axes.right_edge)
        self.refresh(self.context.store)

    # -- what a person does ----------------------------------------------------------------------------------------

    def _on_looks_changed(self) -> None:
        self._is_stale = True
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_crosshair_changed(self) -> None:
        self._chart.set_crosshair(self.context.selection.crosshair_step)
        if not self.is_in_sight:
            self._is_stale = True
        elif self._choice.series and len(self._points) == len(self._choice.series):
            self._fill_legend(self._styles())

    def _on_front_changed(self, number: object) -> None:
        self._front = number if isinstance(number, int) else None
        self._on_looks_changed()

    def _on_clicked(self) -> None:
        """A click on a line selects its module."""
        if self._front is not None and self._front < len(self._choice.series):
            self._select(self._choice.series[self._front].fqn)

    def _select(self, fqn: str) -> None:
        model = self.context.store.model
        if model is not None:
            self.context.selection.select_named(model, fqn)
