"""The strip above the map: findings at the step where they were found."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from moduleview.gui.plots.canvas import Canvas
from moduleview.telemetry.records import Finding, Severity

STRIP_PX = 20
_MARK_PX = 10
_OCTAGON = ((0.3, 0), (0.7, 0), (1, 0.3), (1, 0.7), (0.7, 1), (0.3, 1), (0, 0.7), (0, 0.3))
_TRIANGLE = ((0.5, 0.0), (1.0, 0.95), (0.0, 0.95))
_ORDER = tuple(reversed(Severity))  # the worst is drawn last, over the others


class EventStrip:
    """Draws a triangle for a warning, an octagon for an error, a circle for information."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._findings: tuple[Finding, ...] = ()
        canvas.decorate(self._draw)

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Show those that have a step."""
        with_step = [finding for finding in findings if finding.step is not None]
        self._findings = tuple(sorted(with_step, key=lambda finding: _ORDER.index(finding.severity)))
        self._canvas.redraw()

    def finding_at(self, position: QPointF) -> Finding | None:
        """The finding whose mark is under the pointer."""
        if position.y() >= self._canvas.area.top():
            return None
        half = self._canvas.theme.px(_MARK_PX) / 2 + 1
        under = [finding for finding in self._findings if abs(self._x(finding) - position.x()) <= half]
        return under[-1] if under else None

    def _x(self, finding: Finding) -> float:
        return self._canvas.x_px(finding.step or 0)

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
        size = px(_MARK_PX)
        for finding in self._findings:
            x = self._x(finding)
            if area.left() <= x <= area.right():
                self._draw_mark(painter, finding.severity, QRectF(x - size / 2, (area.top() - size) / 2, size, size))

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
