"""The strip above the map: findings, alarms and changes at their steps, and steps that mixed precision left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from moduleview.gui.plots.canvas import Canvas
from moduleview.telemetry.changes_messages import AlarmRang, JournalLine
from moduleview.telemetry.records import Finding, Severity
from moduleview.telemetry.step_outcome import StepSkipped

STRIP_PX = 20
_MARK_PX, _SQUARE_PX, _LINE_PX = 10, 7, 2
_OCTAGON = ((0.3, 0), (0.7, 0), (1, 0.3), (1, 0.7), (0.7, 1), (0.3, 1), (0, 0.7), (0, 0.3))
_TRIANGLE = ((0.5, 0.0), (1.0, 0.95), (0.0, 0.95))
_ORDER = tuple(reversed(Severity))  # the worst is drawn last, over the others


class EventStrip:
    """Triangles are warnings, octagons errors, circles information, diamonds alarms, squares steps left out.

    A line is a change made by the person, between the last step without it and the first with it.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._findings: tuple[Finding, ...] = ()
        self._skipped: tuple[StepSkipped, ...] = ()
        self._skipped_steps = np.zeros(0)
        self._rings: tuple[AlarmRang, ...] = ()
        self._changes: tuple[JournalLine, ...] = ()
        canvas.decorate(self._draw)

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Show those that have a step."""
        with_step = [finding for finding in findings if finding.step is not None]
        self._findings = tuple(sorted(with_step, key=lambda finding: _ORDER.index(finding.severity)))
        self._canvas.redraw()

    def set_skipped(self, skipped: Sequence[StepSkipped]) -> None:
        """Show steps that changed no weight."""
        if self._skipped != (found := tuple(skipped)):
            self._skipped = found
            self._skipped_steps = np.array([one.step for one in found], dtype=np.float64)
            self._canvas.redraw()

    def set_rings(self, rings: Sequence[AlarmRang]) -> None:
        """Show the steps at which alarms rang."""
        if self._rings != (found := tuple(rings)):
            self._rings = found
            self._canvas.redraw()

    def set_changes(self, changes: Sequence[JournalLine]) -> None:
        """Show what was changed in the run, and taken back."""
        if len(self._changes) != len(changes) or self._changes[-1:] != tuple(changes[-1:]):
            self._changes = tuple(changes)
            self._canvas.redraw()

    def changes_at(self, position: QPointF) -> Sequence[JournalLine]:
        """The changes whose line is under the pointer, in the order in which they were made."""
        if position.y() >= self._canvas.area.top():
            return ()
        half = self._canvas.theme.px(_SQUARE_PX) / 2 + 1
        return [one for one in self._changes if abs(self._change_x(one) - position.x()) <= half]

    def ring_at(self, position: QPointF) -> AlarmRang | None:
        """The alarm whose mark is under the pointer, the newest of several."""
        if position.y() >= self._canvas.area.top():
            return None
        half = self._canvas.theme.px(_MARK_PX) / 2 + 1
        under = (one for one in reversed(self._rings) if abs(self._canvas.x_px(one.step) - position.x()) <= half)
        return next(under, None)

    def skipped_at(self, position: QPointF) -> StepSkipped | None:
        """The skipped step whose mark is under the pointer."""
        if position.y() >= self._canvas.area.top():
            return None
        half = self._canvas.theme.px(_SQUARE_PX) / 2 + 1
        under = (one for one in self._skipped if abs(self._canvas.x_px(one.step) - position.x()) <= half)
        return next(under, None)

    def finding_at(self, position: QPointF) -> Finding | None:
        """The finding whose mark is under the pointer."""
        if position.y() >= self._canvas.area.top():
            return None
        half = self._canvas.theme.px(_MARK_PX) / 2 + 1
        under = [finding for finding in self._findings if abs(self._x(finding) - position.x()) <= half]
        return under[-1] if under else None

    def _x(self, finding: Finding) -> float:
        return self._canvas.x_px(finding.step or 0)

    def _change_x(self, change: JournalLine) -> float:
        return self._canvas.x_px(change.step - 0.5)

    def _draw(self, painter: QPainter) -> None:
        theme, area = self._canvas.theme, self._canvas.area
        tokens, px = theme.tokens, theme.px
        painter.setFont(theme.mono_font())
        painter.setPen(QColor(tokens.muted))
        box = QRectF(0, 0, area.left() - px(9), area.top())
        name = QCoreApplication.translate("EventStrip", "events")
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        self._draw_changes(painter, px(_LINE_PX))
        self._draw_skipped(painter, px(_SQUARE_PX))
        size = px(_MARK_PX)
        self._draw_rings(painter, size)
        for finding in self._findings:
            x = self._x(finding)
            if area.left() <= x <= area.right():
                self._draw_mark(painter, finding.severity, QRectF(x - size / 2, (area.top() - size) / 2, size, size))

    def _draw_changes(self, painter: QPainter, width: int) -> None:
        """A line a pixel, as high as the strip."""
        area = self._canvas.area
        painter.setBrush(QColor(self._canvas.theme.tokens.accent))
        for x in sorted({round(self._change_x(one)) for one in self._changes}):
            if area.left() <= x <= area.right():
                painter.drawRect(QRectF(x - width / 2, 0, width, area.top()))

    def _draw_skipped(self, painter: QPainter, size: int) -> None:
        """One square a pixel: mixed precision may leave thousands of steps out."""
        area, (low, high) = self._canvas.area, self._canvas.x_range
        inside = self._skipped_steps[(self._skipped_steps >= low) & (self._skipped_steps <= high)]
        painter.setBrush(QColor(self._canvas.theme.tokens.muted))
        for x in np.unique(np.round(area.left() + (inside - low) / (high - low) * area.width())).tolist():
            painter.drawRect(QRectF(x - size / 2, (area.top() - size) / 2, size, size))

    def _draw_rings(self, painter: QPainter, size: int) -> None:
        """A diamond a pixel."""
        area = self._canvas.area
        painter.setBrush(QColor(self._canvas.theme.tokens.accent))
        middle, half = area.top() / 2, size / 2
        for x in sorted({round(self._canvas.x_px(ring.step)) for ring in self._rings}):
            if area.left() <= x <= area.right():
                corners = ((0.0, -half), (half, 0.0), (0.0, half), (-half, 0.0))
                painter.drawPolygon(QPolygonF([QPointF(x + dx, middle + dy) for dx, dy in corners]))

    def _draw_mark(self, painter: QPainter, severity: Severity, box: QRectF) -> None:
        tokens = self._canvas.theme.tokens
        if severity is Severity.INFORMATION:
            painter.setBrush(QColor(tokens.accent))
            painter.drawEllipse(box.adjusted(1, 1, -1, -1))
            return
        is_error = severity is Severity.ERROR
        painter.setBrush(QColor(tokens.error if is_error else tokens.warning))
        corners = _OCTAGON if is_error else _TRIANGLE
        painter.drawPolygon(
            QPolygonF([QPointF(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in corners])
        )
