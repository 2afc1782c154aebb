"""The gradient map: every module that owns parameters against the steps, coloured by its gradient norm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import ClassVar

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedLayout, QToolTip, QWidget

from moduleview.gui import number_format
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.chosen_series import GRAD_NORM
from moduleview.gui.plots.limits import DecadeLimits
from moduleview.gui.plots.map_canvas import MapCanvas
from moduleview.gui.plots.map_columns import MapColumns
from moduleview.gui.plots.map_rows import MapRows, make_rows
from moduleview.gui.plots.navigation import RowNavigation, StepNavigation
from moduleview.gui.plots.title_controls import Choice, Toggle
from moduleview.gui.shared_axes import WINDOWS
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.store_view import StoreView

_TOOLTIP_AFTER_MS = 300


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
        self._pointer: QPointF | None = None
        self._map = MapCanvas(context.theme, context.scale, self)
        self._map.setAccessibleName(self.tr("Gradient norm of every module against the step"))
        self._steps = StepNavigation(self._map, context.axes, self)
        self._row_navigation = RowNavigation(self._map, context.axes, self)
        self._tooltip_timer = QTimer(self, singleShot=True, interval=_TOOLTIP_AFTER_MS)
        self._empty = self._make_empty_state()
        self._make_controls()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._map)
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Gradient map")

    def title_controls(self) -> Sequence[QWidget]:
        """Whether the newest step stays in view, and how many steps are shown."""
        return (self._follow, self._window)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        axes, scale = self.context.axes, self.context.scale
        self._take_model(store)
        axes.take_extent(store.first_step, store.last_step)
        self._take_findings(store)
        looks = (self.context.theme.tokens, scale.map_name, scale.limits, self._map.area.size().toTuple())
        state = (self._rows, store.series_revision, axes.steps, axes.rows, looks)
        if state == self._drawn_for:
            return
        self._drawn_for = state
        is_there = store.last_step is not None and self._rows is not None and len(self._rows) > 0
        self._stack.setCurrentWidget(self._map if is_there else self._empty)
        if is_there:
            self._draw(store)

    # -- building --------------------------------------------------------------------------------------------------

    def _make_empty_state(self) -> EmptyState:
        act = self.context.run_action
        return EmptyState(
            self.context.theme,
            "grid",
            self.tr("No step yet"),
            self.tr("Every parameter's gradient is measured once training runs. This needs no hook."),
            (
                (self.tr("Run"), lambda: act("run.start"), True),
                (self.tr("One step"), lambda: act("run.step"), False),
            ),
            self,
        )

    def _make_controls(self) -> None:
        self._follow = Toggle(self.tr("follow"), self.tr("Keep the newest step in view (End)"), is_on=True)
        names = [
            self.tr("all steps") if n is None else self.tr("last %1 steps").replace("%1", number_format.exact_count(n))
            for n in WINDOWS
        ]
        self._window = Choice(self.tr("Steps shown"), list(zip(names, WINDOWS, strict=True)))

    def _connect(self) -> None:
        context, canvas = self.context, self._map
        self._follow.clicked.connect(self._on_follow_clicked)
        self._window.chosen.connect(self._on_window_chosen)
        self._tooltip_timer.timeout.connect(self._show_tooltip)
        canvas.pointer_moved.connect(self._on_pointer_moved)
        canvas.pointer_left.connect(self._on_pointer_left)
        canvas.clicked.connect(self._on_clicked)
        canvas.double_clicked.connect(self._on_double_clicked)
        canvas.area_changed.connect(self._publish_edge)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(self._on_menu)
        context.selection.changed.connect(self._on_selection_changed)
        context.selection.crosshair_changed.connect(self._on_crosshair_changed)
        context.axes.steps_changed.connect(self._on_axes_changed)
        context.axes.rows_changed.connect(self._on_axes_changed)
        context.scale.changed.connect(self._on_axes_changed)
        context.theme.changed.connect(self._on_axes_changed)
        latest = QShortcut(QKeySequence(Qt.Key.Key_End), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        latest.activated.connect(context.axes.follow)

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _take_model(self, store: StoreView) -> None:
        model, axes = store.model, self.context.axes
        before = None if self._rows is None else self._rows.snapshot
        if model is None:
            self._rows = self._columns = None
            return
        if model is not before:
            if before is not None and before.fqns != model.fqns:
                axes.forget_model()
            self._limits = DecadeLimits()
        if model is not before or self._rows is None or self._opened != axes.opened:
            self._opened = axes.opened
            self._rows = make_rows(model, axes.opened)
            self._columns = MapColumns(self._rows, GRAD_NORM)
            self._row_navigation.n_rows = len(self._rows)
            self._map.set_selected(self._selected_fqn(), self._rows)

    def _take_findings(self, store: StoreView) -> None:
        if store.findings_revision != self._findings_revision:
            self._findings_revision = store.findings_revision
            self._map.events.set_findings(store.findings)

    def _draw(self, store: StoreView) -> None:
        assert self._rows is not None
        assert self._columns is not None
        assert store.last_step is not None
        low, high = self.context.axes.steps
        first = max(0, math.floor(low + 0.5))
        last = max(first, min(math.ceil(high - 0.5), store.last_step))
        self._columns.update(store, first, last, max(64, int(self._map.area.width())))
        limits = self._limits.observe(self._columns.decades, store.last_step)
        if limits is not None:
            self.context.scale.set_limits(*limits)
        seen = self.context.axes.rows or (0.0, float(len(self._rows)))
        self._map.draw_map(self._rows, self._columns, (low, high), seen)

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
        if self.isVisible():
            self.refresh(self.context.store)

    def _on_follow_clicked(self, is_on: bool) -> None:
        if is_on:
            self.context.axes.follow()
        else:
            self.context.axes.show_steps(*self.context.axes.steps)

    def _on_window_chosen(self, n_steps: object) -> None:
        self.context.axes.set_window(n_steps if isinstance(n_steps, int) else None)

    def _on_selection_changed(self) -> None:
        self._map.set_selected(self._selected_fqn(), self._rows)

    def _on_crosshair_changed(self) -> None:
        self._map.set_crosshair(self.context.selection.crosshair_step)

    def _on_pointer_moved(self, at: QPointF) -> None:
        self._pointer = at
        QToolTip.hideText()
        self._tooltip_timer.start()
        row = self._map.row_at(at)
        hovered = None if row is None or self._rows is None else self._rows.module_at(row)
        self.context.selection.set_hovered(hovered)
        self.context.selection.set_crosshair(self._map.step_at(at))

    def _on_pointer_left(self) -> None:
        self._pointer = None
        self._tooltip_timer.stop()
        self.context.selection.set_hovered(None)
        self.context.selection.set_crosshair(None)

    def _on_clicked(self, at: QPointF) -> None:
        finding = self._map.events.finding_at(at)
        if finding is not None:
            self.context.selection.select(finding.fqn)
            self.context.selection.set_crosshair(finding.step)
            return
        fqn = self._fqn_at(at)
        if fqn is None or self._rows is None:
            return
        if self._rows.snapshot.node_of(fqn) is None:
            self.context.selection.select(fqn.rpartition(".")[0], tensor_fqn=fqn)
        else:
            self.context.selection.select(fqn)

    def _on_double_clicked(self, at: QPointF) -> None:
        row = self._map.row_at(at)
        if row is not None and self._rows is not None:
            self.context.axes.toggle_opened(self._rows.module_at(row))

    def _fqn_at(self, at: QPointF) -> str | None:
        """What a click means: in the map the row, at the axis the block whose name stands there."""
        row = self._map.row_at(at)
        if row is None or self._rows is None:
            return None
        block = self._map.row_axis.block_at(row)
        if at.x() < self._map.area.left() and block is not None and not self._map.row_axis.names_rows():
            return block.fqn
        return self._rows.fqns[row]

    def _on_menu(self, at: QPoint) -> None:
        fqn, row = self._fqn_at(QPointF(at)), self._map.row_at(QPointF(at))
        if fqn is None or row is None or self._rows is None:
            return
        module, axes, selection = self._rows.module_at(row), self.context.axes, self.context.selection
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        is_open = module in axes.opened
        text = self.tr("Close its parameters") if is_open else self.tr("Open to its parameters")
        menu.addAction(text, lambda: axes.toggle_opened(module))
        pin_text = self.tr("Unpin its curve") if fqn in selection.pinned else self.tr("Pin its curve")
        menu.addAction(pin_text, lambda: selection.toggle_pin(fqn))
        menu.addAction(self.tr("Copy path"), lambda: QGuiApplication.clipboard().setText(fqn))
        menu.addSeparator()
        menu.addAction(self.tr("Show all rows"), lambda: axes.show_rows(None))
        menu.addAction(self.tr("Follow the newest step"), axes.follow)
        menu.popup(self._map.mapToGlobal(at))

    def _show_tooltip(self) -> None:
        if self._pointer is None or not self._map.underMouse():
            return
        text = self.tooltip_at(self._pointer)
        if text:
            QToolTip.showText(self._map.mapToGlobal(self._pointer.toPoint()), text, self._map)

    def tooltip_at(self, at: QPointF) -> str:
        """What stands under a position: a finding, or row, step and value; "" for nothing."""
        finding = self._map.events.finding_at(at)
        if finding is not None:
            return f"<b>{escape(finding.title)}</b><br>{escape(finding.fqn)}, {self._step_text(finding.step)}"
        row, step = self._map.row_at(at), self._map.step_at(at)
        if row is None or self._rows is None or self._columns is None:
            return ""
        name = escape(self._rows.fqns[row] or self._rows.snapshot.names[0])
        if step is None:
            return f"<b>{name}</b>"
        return f"<b>{name}</b><br>{self._step_text(step)}<br>{escape(self._value_text(row, step))}"

    def _step_text(self, step: int | None) -> str:
        return self.tr("step %1").replace("%1", number_format.exact_count(step or 0))

    def _value_text(self, row: int, step: int) -> str:
        assert self._columns is not None
        decade = self._columns.decade_at(row, step)
        if decade is None:
            return self.tr("not measured")
        if math.isinf(decade):
            return self.tr("NaN or Inf in the gradient")
        value = 10.0**decade if decade > -300 else 0.0
        text = self.tr("gradient norm %1 (L2)").replace("%1", number_format.gradient(value, 4))
        width = self._columns.width
        return text if width == 1 else text + self.tr(", highest of %n steps", "", width)
