"""What the pointer does on the gradient map: crosshair, tooltip, selection, opening a module, the context menu."""

from __future__ import annotations

import math
from html import escape

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMenu, QToolTip

from moduleview.gui.look import number_format
from moduleview.gui.plots.map_canvas import MapCanvas
from moduleview.gui.plots.map_columns import NO_GRADIENT, ZERO, MapColumns
from moduleview.gui.plots.map_rows import MapRows
from moduleview.gui.selection import Selection
from moduleview.gui.shared_axes import SharedAxes
from moduleview.telemetry.display_names import displayable

_TOOLTIP_AFTER_MS = 300
_MOST_CHANGES = 8  # in one tooltip: zoomed out, a column may hold hundreds


class MapPointer(QObject):
    """Turns the map's signals into selection, crosshair and tooltips. GUI thread only."""

    def __init__(self, canvas: MapCanvas, selection: Selection, axes: SharedAxes, parent: QObject) -> None:
        super().__init__(parent)
        self._map, self._selection, self._axes = canvas, selection, axes
        self._rows: MapRows | None = None
        self._columns: MapColumns | None = None
        self._pointer: QPointF | None = None
        self._tooltip_timer = QTimer(self, singleShot=True, interval=_TOOLTIP_AFTER_MS)
        self._tooltip_timer.timeout.connect(self._show_tooltip)
        canvas.pointer_moved.connect(self._on_pointer_moved)
        canvas.pointer_left.connect(self._on_pointer_left)
        canvas.clicked.connect(self._on_clicked)
        canvas.double_clicked.connect(self._on_double_clicked)
        canvas.installEventFilter(self)

    def set_map(self, rows: MapRows | None, columns: MapColumns | None) -> None:
        """What is under the pointer from now on."""
        self._rows, self._columns = rows, columns

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down move the selection, Return opens a module to its parameters."""
        if watched is not self._map or not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                self._move_selection(-1 if event.key() == Qt.Key.Key_Up else 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._selection.fqn is not None:
                self._axes.toggle_opened(self._selection.fqn)
            case _:
                return False
        return True

    def _on_pointer_moved(self, at: QPointF) -> None:
        self._pointer = at
        if QToolTip.isVisible():
            self._show_tooltip()  # hidden now it would go after 300 ms, and take the next one with it
        else:
            self._tooltip_timer.start()
        row = self._map.row_at(at)
        hovered = None if row is None or self._rows is None else self._rows.module_at(row)
        self._selection.set_hovered(hovered)
        self._selection.set_crosshair(self._map.step_at(at))

    def _on_pointer_left(self) -> None:
        self._pointer = None
        self._tooltip_timer.stop()
        self._selection.set_hovered(None)
        self._selection.set_crosshair(None)

    def _on_clicked(self, at: QPointF) -> None:
        finding = self._map.events.finding_at(at)
        if finding is not None:
            self._select(finding.fqn)
            self._selection.set_crosshair(finding.step)
            return
        fqn = self._fqn_at(at)
        if fqn is not None:
            self._select(fqn)

    def _select(self, fqn: str) -> None:
        if self._rows is not None:
            self._selection.select_named(self._rows.snapshot, fqn)

    def _move_selection(self, by: int) -> None:
        """Select the row above or below what is selected."""
        if self._rows is None or not len(self._rows):
            return
        names = [fqn for fqn in (self._selection.tensor_fqn, self._selection.fqn) if fqn is not None]
        name, stretch = next(((fqn, at) for fqn in names if (at := self._rows.stretch(fqn))), ("", None))
        if stretch is None:
            row = 0 if by > 0 else len(self._rows) - 1
        elif by > 0 and self._rows.fqns[stretch[0]] != name:
            row = stretch[0]  # a block: go into it
        else:
            row = stretch[0] + by
        self._select(self._rows.fqns[min(max(row, 0), len(self._rows) - 1)])

    def _on_double_clicked(self, at: QPointF) -> None:
        row = self._map.row_at(at)
        if row is not None and self._rows is not None:
            self._axes.toggle_opened(self._rows.module_at(row))

    def _fqn_at(self, at: QPointF) -> str | None:
        """What a click means: in the map the row, at the axis the block whose name stands there."""
        row = self._map.row_at(at)
        if row is None or self._rows is None:
            return None
        block = self._map.row_axis.block_at(row)
        if at.x() < self._map.area.left() and block is not None and not self._map.row_axis.names_rows():
            return block.fqn
        return self._rows.fqns[row]

    def add_to(self, menu: QMenu, at: QPoint | None) -> None:
        """What can be done with the row at a place, and with the whole map."""
        axes = self._axes
        if at is not None:
            self._add_row_entries(menu, QPointF(at))
        if not menu.isEmpty():
            menu.addSeparator()
        if axes.rows is not None:
            menu.addAction(self.tr("Show all rows"), lambda: axes.show_rows(None))
        menu.addAction(self.tr("Follow the newest step"), axes.follow)

    def _add_row_entries(self, menu: QMenu, at: QPointF) -> None:
        fqn, row = self._fqn_at(at), self._map.row_at(at)
        if fqn is None or row is None or self._rows is None:
            return
        module, axes, selection = self._rows.module_at(row), self._axes, self._selection
        is_open = module in axes.opened
        text = self.tr("Close its parameters") if is_open else self.tr("Open to its parameters")
        menu.addAction(text, lambda: axes.toggle_opened(module))
        pin_text = self.tr("Unpin its curve") if fqn in selection.pinned else self.tr("Pin its curve")
        menu.addAction(pin_text, lambda: selection.toggle_pin(fqn))
        menu.addAction(self.tr("Copy path"), lambda: QGuiApplication.clipboard().setText(fqn))

    def _show_tooltip(self) -> None:
        if self._pointer is None or not self._map.underMouse():
            return
        QToolTip.showText(self._map.mapToGlobal(self._pointer.toPoint()), self.tooltip_at(self._pointer), self._map)

    def tooltip_at(self, at: QPointF) -> str:
        """What stands under a position: a finding, or row, step and value; "" for nothing."""
        if event := self._event_text(at):
            return event
        row, step = self._map.row_at(at), self._map.step_at(at)
        if row is None or self._rows is None or self._columns is None:
            return ""
        name = escape(displayable(self._rows.fqns[row] or self._rows.snapshot.names[0]))
        if step is None:
            return f"<b>{name}</b>"
        value = escape(self._value_text(row, step)).replace("\n", "<br>")
        return f"<b>{name}</b><br>{self._step_text(step)}<br>{value}"

    def _event_text(self, at: QPointF) -> str:
        """What stands under a position in the strip; "" for nothing."""
        finding = self._map.events.finding_at(at)
        if finding is not None:
            title, name = escape(displayable(finding.title)), escape(displayable(finding.fqn))
            return f"<b>{title}</b><br>{name}, {self._step_text(finding.step)}"
        ring = self._map.events.ring_at(at)
        if ring is not None:
            return f"<b>{self._step_text(ring.step)}</b><br>{escape(displayable(ring.why))}"
        skipped = self._map.events.skipped_at(at)
        if skipped is not None:
            return f"<b>{self._step_text(skipped.step)}</b><br>{escape(displayable(skipped.reason))}"
        if changes := self._map.events.changes_at(at):
            shown = changes[-_MOST_CHANGES:]
            said = "<br>".join(escape(displayable(one.what)) for one in shown)
            return f"<b>{self._before_text(shown[0].step, shown[-1].step)}</b><br>{said}"
        return ""

    def _step_text(self, step: int | None) -> str:
        return self.tr("step {0}").format(number_format.exact_count(step or 0))

    def _before_text(self, first: int, last: int) -> str:
        return self.tr("before {0}").format(self._step_text(first) if first == last else self._steps_text(first, last))

    def _steps_text(self, first: int, last: int) -> str:
        return self.tr("steps {0} to {1}").format(number_format.exact_count(first), number_format.exact_count(last))

    def _value_text(self, row: int, step: int) -> str:
        assert self._columns is not None
        held = self._columns.held_step(step)
        text = self._decade_text(row, self._columns.shown_at(row, step), self._columns.span_at(step))
        if held is None:
            return text
        width = self._columns.width
        measured = self._step_text(held) if width == 1 else self._steps_text(held, held + width - 1)
        return f"{self._gap_text()}\n{self.tr('in {0}: {1}').format(measured, text)}"

    def _decade_text(self, row: int, decade: float | None, n_steps: int) -> str:
        assert self._columns is not None
        if decade is None:
            return self._gap_text()
        if decade == NO_GRADIENT:
            return self._none_text(row)
        if math.isinf(decade):
            return self.tr("NaN or Inf in the gradient")
        value = 10.0**decade if decade > ZERO else 0.0
        text = self.tr("gradient norm {0} (L2)").format(number_format.gradient(value, 4))
        n_rows = self._columns.rows_a_band
        if n_rows > 1:
            return text + self.tr(", highest of {0} rows and {1} steps").format(n_rows, n_steps)
        return text if n_steps == 1 else text + self.tr(", highest of {0} steps").format(n_steps)

    def _gap_text(self) -> str:
        assert self._columns is not None
        n_steps, why = self._columns.width, self.tr("the budget for measuring leaves steps out")
        if n_steps == 1:
            return self.tr("not measured: {0}").format(why)
        return self.tr("none of {0} steps was measured: {1}").format(n_steps, why)

    def _none_text(self, row: int) -> str:
        """Others had a gradient, so that this step was measured."""
        assert self._rows is not None
        tensors = self._rows.snapshot.tensors
        own = slice(int(self._rows.begins[row]), int(self._rows.ends[row]))
        if not (tensors.is_parameter & tensors.requires_grad)[own].any():
            return self.tr("no gradient: frozen")
        return self.tr("no gradient, though other modules had one: not used in this step?")
