"""The gradient map: every module that owns parameters against the steps, coloured by its gradient norm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.export.series_csv import series_csv
from moduleview.gui.plots.limits import DecadeLimits
from moduleview.gui.plots.map_canvas import MapCanvas
from moduleview.gui.plots.map_columns import MapColumns
from moduleview.gui.plots.map_pointer import MapPointer
from moduleview.gui.plots.map_rows import MapRows, make_rows
from moduleview.gui.plots.navigation import StepNavigation
from moduleview.gui.plots.plot_menu import PlotMenu
from moduleview.gui.plots.row_navigation import RowNavigation
from moduleview.gui.plots.row_place import RowPlace, RowScrollBar
from moduleview.gui.plots.step_place import StepScrollBar
from moduleview.gui.plots.title_controls import Choice, Toggle
from moduleview.gui.shared_axes import WINDOWS
from moduleview.gui.widgets.empty_state import EmptyState, Offer
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.store_view import StoreView

_LEAST_ROW_PX, _PAGED_ROW_PX = 2, 4
_WINDOW, _ALL = "window=", "all"  # as it is kept


class GradientMapPanel(Panel):
    """Layers against steps. It moves the limits of the one colour scale; tree and tables follow."""

    panel_id: ClassVar[str] = "gradient_map"
    area: ClassVar[Area] = Area.CENTRE_TOP
    order: ClassVar[int] = 0
    tabbed: ClassVar[bool] = False

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Gradient map"))
        self._rows: MapRows | None = None
        self._columns: MapColumns | None = None
        self._opened: frozenset[str] = frozenset()
        self._limits = DecadeLimits()
        self._drawn_for: object = None
        self._findings_revision = -1
        self._map = MapCanvas(context.theme, context.scale, self)
        self._map.setAccessibleName(self.tr("Gradient norm of every module against the step"))
        self.pointer = MapPointer(self._map, context.selection, context.axes, self)
        self._steps = StepNavigation(self._map, context.axes, self)
        self._row_navigation = RowNavigation(self._map, context.axes, self)
        self._row_bar = RowScrollBar(self._map, context.axes)
        self._step_bar = StepScrollBar(self._map, context.axes)
        self._auto_rows: tuple[float, float] | None = None  # those in view as long as nobody scrolls
        self._empty, self._without_data = self._make_empty_state(), self._make_state_without_data()
        self._make_controls()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._map)
        self._stack.addWidget(self._without_data)
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Gradient map")

    def title_controls(self) -> Sequence[QWidget]:
        """Which rows are in view, whether the newest step stays there, how many steps are shown, and the menu."""
        return (self._row_place, self._follow, self._window, self._menu.button())

    def kept(self) -> str:
        """How many steps are shown."""
        return f"{_WINDOW}{self.context.axes.window or _ALL}"

    def restore_kept(self, kept: str) -> None:
        """Show as many."""
        windows = {str(n or _ALL): n for n in WINDOWS}
        if kept.startswith(_WINDOW) and kept.removeprefix(_WINDOW) in windows:
            self.context.axes.set_window(windows[kept.removeprefix(_WINDOW)])

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        axes, scale = self.context.axes, self.context.scale
        self._take_model(store)
        self._choose_rows()
        axes.take_extent(store.first_step, store.last_step)
        self._step_bar.follow()
        self._take_findings(store)
        looks = (self.context.theme.tokens, scale.map_name, scale.limits, self._map.area.size().toTuple())
        state = (self._rows, store.series_revision, axes.steps, axes.rows, looks, store.task)
        if state == self._drawn_for:
            return
        self._drawn_for = state
        is_there = store.last_step is not None and self._rows is not None and len(self._rows) > 0
        if is_there:
            self._stack.setCurrentWidget(self._map)
            self._draw(store)
        elif store.task is None or store.task.can_train:
            self._stack.setCurrentWidget(self._empty)
        else:
            self._without_data.set_texts(self.tr("Nothing to train with yet"), store.task.cannot_train_reason)
            self._stack.setCurrentWidget(self._without_data)

    # -- building --------------------------------------------------------------------------------------------------

    def _make_empty_state(self) -> EmptyState:
        act = self.context.run_action
        return EmptyState(
            self.context.theme,
            "grid",
            self.tr("No step yet"),
            self.tr("Every parameter's gradient is measured once training runs. This needs no hook."),
            (
                Offer(self.tr("Run"), lambda: act("run.start"), is_primary=True, icon="run"),
                Offer(self.tr("One step"), lambda: act("run.step"), icon="one-step"),
            ),
            self,
        )

    def _make_state_without_data(self) -> EmptyState:
        act = self.context.run_action
        offer = Offer(self.tr("Training data..."), lambda: act("model.training_data"), is_primary=True)
        return EmptyState(self.context.theme, "grid", "", "", (offer,), self)

    def _make_controls(self) -> None:
        self._follow = Toggle(self.tr("follow"), self.tr("Keep the newest step in view (End)"), is_on=True)
        names = [
            self.tr("all steps") if n is None else self.tr("last {0} steps").format(number_format.exact_count(n))
            for n in WINDOWS
        ]
        self._window = Choice(self.tr("Steps shown"), list(zip(names, WINDOWS, strict=True)))
        self._row_place = RowPlace(self.context.axes)
        export = PlotExport(self.context, self._map, "gradient map", self._make_csv)
        self._menu = PlotMenu(self.context.theme, self._map, (self.pointer.add_to, export.add_to))

    def _make_csv(self) -> Iterator[str]:
        store = self.context.store
        return series_csv(store, store.keys(GRAD_NORM), self.tr("gradient norm (L2) of every parameter"))

    def _connect(self) -> None:
        context, canvas = self.context, self._map
        self._follow.clicked.connect(self._on_follow_clicked)
        self._window.chosen.connect(self._on_window_chosen)
        canvas.area_changed.connect(self._publish_edge)
        context.selection.changed.connect(self._on_selection_changed)
        context.selection.crosshair_changed.connect(self._on_crosshair_changed)
        context.axes.steps_changed.connect(self._on_axes_changed)
        context.axes.rows_changed.connect(self._on_axes_changed)
        context.scale.changed.connect(self._on_axes_changed)
        context.theme.changed.connect(self._on_axes_changed)

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _take_model(self, store: StoreView) -> None:
        model, axes = store.model, self.context.axes
        before = None if self._rows is None else self._rows.snapshot
        if model is None:
            self._rows = self._columns = None
            self.pointer.set_map(None, None)
            return
        if model is not before:
            if before is not None and before.fqns != model.fqns:
                self._rows = None  # what follows the axes comes back here, and must not find the old rows again
                self._auto_rows = None
                axes.forget_model()
            self._limits = DecadeLimits()
        if model is not before or self._rows is None or self._opened != axes.opened:
            self._opened = axes.opened
            self._rows = make_rows(model, axes.opened)
            self._columns = MapColumns(self._rows, GRAD_NORM)
            self.pointer.set_map(self._rows, self._columns)
            self._row_navigation.set_n_rows(len(self._rows))
            self._row_bar.set_n_rows(len(self._rows))
            self._row_place.set_n_rows(len(self._rows))
            self._map.set_selected(self._selected_fqn(), self._rows)

    def _take_findings(self, store: StoreView) -> None:
        if store.findings_revision != self._findings_revision:
            self._findings_revision = store.findings_revision
            self._map.events.set_findings(store.findings)
        self._map.events.set_skipped(store.skipped_steps)
        self._map.events.set_rings(store.books.changes.rings)
        self._map.events.set_changes(store.books.changes.lines)

    def _draw(self, store: StoreView) -> None:
        assert self._rows is not None
        assert self._columns is not None
        assert store.last_step is not None
        low, high = self.context.axes.steps
        first = max(0, math.floor(low + 0.5))
        last = max(first, min(math.ceil(high - 0.5), store.last_step))
        top, bottom = self.context.axes.rows_in_view(len(self._rows))
        seen = range(math.floor(top), math.ceil(bottom))
        area = self._map.area
        self._columns.update(store, (first, last), max(64, int(area.width())), seen, max(1, int(area.height())))
        limits = self._limits.observe(self._columns.scale_sample(store), store.last_step)
        asked = self._drawn_for
        if limits is not None:
            self.context.scale.set_limits(*limits)
        if self._drawn_for is not asked:
            return  # who hears of new limits comes back here, and has drawn newer rows or steps than these
        if not self._columns.is_complete:
            self._drawn_for = None
        self._map.draw_map(self._rows, self._columns, (low, high), (top, bottom))

    def _choose_rows(self) -> None:
        """Begin at the first rows where all of them would be too low to see; what a person chose stays."""
        axes, px = self.context.axes, self.context.theme.px
        if self._rows is None or axes.rows != self._auto_rows or not self._map.isVisible():
            return
        height, n_rows = self._map.area.height(), len(self._rows)
        all_fit = n_rows * px(_LEAST_ROW_PX) <= height
        auto_rows = None if all_fit else (0.0, float(max(height // px(_PAGED_ROW_PX), 2)))
        if auto_rows != self._auto_rows:
            self._auto_rows, self._limits = auto_rows, DecadeLimits()  # those of fewer rows would stay for 20 steps
            axes.show_rows(auto_rows)
        if all_fit:
            self._row_place.forget_part()

    def _selected_fqn(self) -> str | None:
        selection = self.context.selection
        if self._rows is not None and selection.tensor_fqn is not None and self._rows.stretch(selection.tensor_fqn):
            return selection.tensor_fqn
        return selection.fqn

    def _publish_edge(self) -> None:
        if self.isVisible():
            self.context.axes.set_right_edge(self._map.mapToGlobal(self._map.area.topRight().toPoint()).x())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns end elsewhere."""
        super().resizeEvent(event)
        self._on_axes_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw at once what was missed while hidden."""
        super().showEvent(event)
        self._publish_edge()
        self.refresh(self.context.store)

    # -- what a person does ----------------------------------------------------------------------------------------

    def _on_axes_changed(self) -> None:
        axes = self.context.axes
        self._follow.setChecked(axes.is_following)
        self._window.choose(axes.window)
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_follow_clicked(self, is_on: bool) -> None:
        if is_on:
            self.context.axes.follow()
        else:
            self.context.axes.show_steps(*self.context.axes.steps)

    def _on_window_chosen(self, n_steps: object) -> None:
        self.context.axes.set_window(n_steps if isinstance(n_steps, int) else None)

    def _on_selection_changed(self) -> None:
        fqn = self._selected_fqn()
        self._map.set_selected(fqn, self._rows)
        stretch = None if fqn is None or self._rows is None else self._rows.marked_stretch(fqn)
        if stretch is not None:
            self._row_navigation.reveal(stretch)

    def _on_crosshair_changed(self) -> None:
        self._map.set_crosshair(self.context.selection.crosshair_step)
