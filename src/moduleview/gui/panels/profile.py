"""The gradient profile: the norm of every row of the map now and 100 steps before, over depth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.export.csv_text import csv_lines
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.map_columns import ZERO, RowsInView
from moduleview.gui.plots.map_rows import MapRows, make_rows
from moduleview.gui.plots.plot_menu import PlotMenu
from moduleview.gui.plots.profile_chart import ProfileChart, ProfileColumn
from moduleview.gui.plots.row_navigation import RowNavigation
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.module_norms import tensor_keys
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import StoreView

STEPS_BEFORE = 100


class ProfilePanel(Panel):
    """Squares at the crosshair or the newest step, bars 100 steps before: the length between them is the change."""

    panel_id: ClassVar[str] = "profile"
    area: ClassVar[Area] = Area.CENTRE_TOP
    order: ClassVar[int] = 1

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Gradient profile"))
        self._rows: MapRows | None = None
        self._keys: tuple[SeriesKey, ...] = ()
        self._opened: frozenset[str] = frozenset()
        self._drawn_for: object = None
        self._chart = ProfileChart(context.theme, self)
        self._chart.setAccessibleName(self.tr("Gradient norm of every module, now and 100 steps before"))
        self._row_navigation = RowNavigation(self._chart, context.axes, self)
        self._part: RowsInView | None = None
        self._steps: tuple[int, int] = (-1, -1)  # drawn: now and before
        export = PlotExport(context, self._chart, "gradient profile", self._make_csv)
        self._menu = PlotMenu(context.theme, self._chart, (export.add_to,))
        self._empty = EmptyState(
            context.theme,
            "profile",
            self.tr("No step yet"),
            self.tr("The gradient over depth is drawn once training runs."),
            parent=self,
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._chart)
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Profile")

    def title_controls(self) -> Sequence[QWidget]:
        """The menu; it shows what the crosshair asks for."""
        return (self._menu.button(),)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        axes, context = self.context.axes, self.context
        self._take_model(store)
        crosshair = context.selection.crosshair_step
        looks = (context.theme.tokens, context.scale.limits, self._chart.area.size().toTuple())
        state = (self._rows, store.series_revision, crosshair, axes.rows, looks)
        if state == self._drawn_for:
            return
        self._drawn_for = state
        is_there = store.last_step is not None and self._rows is not None and len(self._rows) > 0
        self._stack.setCurrentWidget(self._chart if is_there else self._empty)
        if not is_there or store.last_step is None or self._rows is None:
            return
        step = store.last_step if crosshair is None else min(crosshair, store.last_step)
        self._steps = step, step - STEPS_BEFORE
        seen = axes.rows_in_view(len(self._rows))
        part = range(math.floor(seen[0]), math.ceil(seen[1]))
        if self._part is None or self._part.seen != part:
            self._part = RowsInView(self._rows, self._keys, part)
        now, before = (self._column(store, self._part, at) for at in self._steps)
        self._chart.draw_profile(self._rows, now, before, context.scale.limits, seen)

    def _make_csv(self) -> Iterator[str]:
        """A line for each row, in view or not: the norm now and before."""
        rows, store = self._rows, self.context.store
        whole = None if rows is None else RowsInView(rows, self._keys, range(len(rows)))
        asked = [] if whole is None else [self._column(store, whole, step) for step in self._steps]
        drawn = [column for column in asked if column is not None]
        heads = [self.tr("gradient norm (L2) at step {0}").format(str(column.step)) for column in drawn]
        cells = [[_norm_text(decade) for decade in column.decades.tolist()] for column in drawn]
        yield csv_lines([["module", *heads], *zip(() if rows is None else rows.fqns, *cells, strict=True)])

    @staticmethod
    def _column(store: StoreView, rows: RowsInView, step: int) -> ProfileColumn | None:
        """Norms at a step, or at the last one before it."""
        found = rows.at_step(store, step)
        return None if found is None else ProfileColumn(found[0], rows.seen.start, found[1])

    def _take_model(self, store: StoreView) -> None:
        model, opened = store.model, self.context.axes.opened
        if model is None:
            self._rows = None
        elif self._rows is None or self._rows.snapshot is not model or self._opened != opened:
            self._opened = opened
            self._rows = make_rows(model, opened)
            self._keys, self._part = tensor_keys(model, GRAD_NORM), None
            self._row_navigation.set_n_rows(len(self._rows))
            self._show_selected()

    def _connect(self) -> None:
        context = self.context
        context.selection.changed.connect(self._show_selected)
        for signal in (
            context.selection.crosshair_changed,
            context.axes.rows_changed,
            context.scale.changed,
            context.theme.changed,
        ):
            signal.connect(self._on_looks_changed)
        self._chart.row_clicked.connect(self._on_row_clicked)
        self._chart.row_pointed.connect(self._on_row_pointed)

    def _show_selected(self) -> None:
        selection = self.context.selection
        fqn = selection.tensor_fqn or selection.fqn
        if self._rows is not None and fqn is not None and self._rows.stretch(fqn) is None:
            fqn = selection.fqn
        self._chart.set_selected(fqn, self._rows)

    def _on_looks_changed(self) -> None:
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_row_clicked(self, row: int) -> None:
        if self._rows is not None:
            self.context.selection.select(self._rows.module_at(row))

    def _on_row_pointed(self, row: object) -> None:
        hovered = self._rows.module_at(row) if isinstance(row, int) and self._rows is not None else None
        self.context.selection.set_hovered(hovered)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names get the room that there is."""
        super().resizeEvent(event)
        self._on_looks_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw at once what was missed while hidden."""
        super().showEvent(event)
        self.refresh(self.context.store)


def _norm_text(decade: float) -> str:
    """As it stands in a file: "" for not measured, inf for what was not finite."""
    if math.isnan(decade):
        return ""
    return f"{10.0**decade if decade > ZERO else 0.0:.7g}"
