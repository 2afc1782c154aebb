"""The lane itself: the stations of one gradient from left to right, with what changed between them."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.station_reading import LANE, Lane, Station
from moduleview.gui.plots.station_words import StationWords
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.costs import CostsMeasured

_MARK_PX, _PADDING_PX = 10, 12
_ROW_PX, _LEAST_ROW_PX, _AROUND_ROWS_PX = 22, 15, 8
_NAME_Y, _CAUSE_Y, _TRACK_Y, _VALUE_Y, _SCOPE_Y, _HEIGHT_PX = 3, 19, 45, 52, 71, 104
_LINE_PX = 14  # of the two lines below a value: one held both only in the widest windows
_WIDE_FROM_PX = 540
_STEP_PX, _STEPS_PX, _MOST_STEPS = 3, 11, 12  # the bars of the passes: width, height, number


class StationLane(QWidget):
    """From left to right where there is room, else a row a station. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = StationWords(self)
        self._lane = Lane()
        self._costs: CostsMeasured | None = None
        self._room: int | None = None
        self.setAccessibleName(self.tr("Stations of the gradient"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    @property
    def is_wide(self) -> bool:
        """Stations stand side by side."""
        return self.fits(self.width())

    def fits(self, width: int) -> bool:
        """Stations stand side by side where there are so many pixels."""
        return width >= self._theme.px(_WIDE_FROM_PX)

    def show_lane(self, lane: Lane, costs: CostsMeasured | None) -> None:
        """Show other values."""
        if (lane, costs) != (self._lane, self._costs):
            self._lane, self._costs = lane, costs
            self.setAccessibleDescription(self._words.summary(lane))
            self.update()

    def set_room(self, height: int) -> None:
        """Say how high it may be: rows below each other then stand closer, as far as they can be read."""
        if height != self._room:
            self._room = height
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As high as it is now: that depends on its width."""
        return QSize(self._theme.px(320), self.height_at(self.width()))

    def height_at(self, width: int) -> int:
        """What it needs where it is so wide."""
        px = self._theme.px
        return px(_HEIGHT_PX) if self.fits(width) else self._row_height * len(LANE) + px(_AROUND_ROWS_PX)

    @property
    def _row_height(self) -> int:
        px = self._theme.px
        if self._room is None:
            return px(_ROW_PX)
        return min(px(_ROW_PX), max(px(_LEAST_ROW_PX), (self._room - px(_AROUND_ROWS_PX)) // len(LANE)))

    def minimumSizeHint(self) -> QSize:
        """It may be narrower than it likes."""
        return QSize(self._theme.px(120), self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """A tooltip for the station under the pointer; another height where the width asks for it."""
        if event.type() == QEvent.Type.Resize:
            self.updateGeometry()
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.tip_at(event.pos())), self)
            return True
        return super().event(event)

    def tip_at(self, at: QPoint) -> str:
        """What is known of the station under a point, "" beside all of them."""
        for number, station in enumerate(self._lane.stations):
            if self.station_rect(number).contains(at):
                return self._words.tip(station, self._lane, self._costs)
        return ""

    def station_rect(self, number: int) -> QRect:
        """Where a station stands, up to where the next one begins."""
        px = self._theme.px
        if not self.is_wide:
            return QRect(0, px(_AROUND_ROWS_PX) // 2 + number * self._row_height, self.width(), self._row_height)
        room = self.width() - 2 * px(_PADDING_PX)
        edges = [px(_PADDING_PX) + round(room * at / len(LANE)) for at in (number, number + 1)]
        return QRect(edges[0], 0, edges[1] - edges[0], self.height())

    def below_value(self, number: int) -> tuple[tuple[QRect, str], ...]:
        """What stands below the value of a station, and where, as long as stations stand side by side."""
        box = self._column(number, _SCOPE_Y, _LINE_PX)
        lines = self._words.scope_lines(self._lane.stations[number], self._lane)
        return tuple((box.translated(0, at * self._theme.px(_LINE_PX)), line) for at, line in enumerate(lines) if line)

    def name_box(self, number: int) -> QRect:
        """Where the name of a station stands, as long as stations stand side by side."""
        return self._column(number, _NAME_Y, 16)

    def _column(self, number: int, top: float, height: float) -> QRect:
        """A line of a station, with a gap before the next one; the last one needs none."""
        px, rect = self._theme.px, self.station_rect(number)
        gap = px(6) if number < len(LANE) - 1 else 0
        return QRect(rect.left(), px(top), rect.width() - gap, px(height))

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Track, marks, texts."""
        painter = QPainter(self)
        stations = self._lane.stations
        if self.is_wide and stations:
            self._draw_track(painter, stations)
        for number, station in enumerate(stations):
            draw = self._draw_column if self.is_wide else self._draw_row
            draw(painter, number, station)

    # -- side by side ----------------------------------------------------------------------------------------------

    def _draw_track(self, painter: QPainter, stations: tuple[Station, ...]) -> None:
        px, tokens = self._theme.px, self._theme.tokens
        y = px(_TRACK_Y)
        for number, (before, after) in enumerate(pairwise(stations)):
            left = self.station_rect(number).left() + px(_MARK_PX)
            right = self.station_rect(number + 1).left()
            is_known = before.absence is None and after.absence is None
            pen = QPen(QColor(tokens.strong), 1, Qt.PenStyle.SolidLine if is_known else Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawLine(left, y, right, y)
            amount, cause = self._words.change(before, after, self._lane)
            gap = QRect(left + px(4), y - px(8), right - left - px(8), px(16))
            if amount:
                self._draw_on_track(painter, gap, amount)
            elif before.passes and number == 0:
                self._draw_steps(painter, gap, after)
            cause_box = QRect(gap.left(), px(_CAUSE_Y), gap.width(), px(14))
            self._text(painter, cause_box, cause, "muted", Qt.AlignmentFlag.AlignHCenter)

    def _draw_on_track(self, painter: QPainter, gap: QRect, amount: str) -> None:
        font = self._theme.mono_font()
        width = QFontMetrics(font).horizontalAdvance(amount) + self._theme.px(8)
        box = QRect(gap.center().x() - width // 2, gap.top(), width, gap.height())
        painter.fillRect(box, QColor(self._theme.tokens.panel))
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, amount)

    def _draw_steps(self, painter: QPainter, gap: QRect, accumulated: Station) -> None:
        """A bar a pass: how high the sum was after it."""
        px, tokens = self._theme.px, self._theme.tokens
        heights = accumulated.passes[-_MOST_STEPS:]
        largest = max((value for value in heights if value is not None and value < float("inf")), default=0.0)
        width, pitch = px(_STEP_PX), px(_STEP_PX) + px(2)
        left = gap.center().x() - pitch * len(heights) // 2
        for number, value in enumerate(heights):
            if value is None:
                continue
            is_finite = value < float("inf")  # false for NaN too
            share = value / largest if is_finite and largest > 0 else 1.0
            height = max(round(px(_STEPS_PX) * share), 1)
            color = tokens.series[1] if is_finite else tokens.non_finite
            painter.fillRect(QRect(left + number * pitch, px(_TRACK_Y) - height, width, height), QColor(color))

    def _draw_column(self, painter: QPainter, number: int, station: Station) -> None:
        px, rect = self._theme.px, self.station_rect(number)
        self._draw_mark(painter, QPoint(rect.left(), px(_TRACK_Y) - px(_MARK_PX) // 2), number, station)
        box = self.name_box(number)
        self._text(painter, box, self._words.name(station.quantity), "text", Qt.AlignmentFlag.AlignLeft)
        painter.setFont(self._theme.mono_font(13))
        painter.setPen(QColor(self._theme.tokens.text if station.value is not None else self._theme.tokens.faint))
        value = QRect(rect.left(), px(_VALUE_Y), rect.width(), px(20))
        painter.drawText(value, int(Qt.AlignmentFlag.AlignVCenter), number_format.gradient(station.value))
        for where, line in self.below_value(number):
            self._text(painter, where, line, "muted", Qt.AlignmentFlag.AlignLeft)

    # -- one below the other ---------------------------------------------------------------------------------------

    def _draw_row(self, painter: QPainter, number: int, station: Station) -> None:
        px, rect, stations = self._theme.px, self.station_rect(number), self._lane.stations
        middle = rect.center().y() + 1
        self._draw_mark(painter, QPoint(px(_PADDING_PX), middle - px(_MARK_PX) // 2), number, station)
        inner = rect.adjusted(px(_PADDING_PX) + px(_MARK_PX) + px(8), 0, -px(8), 0)
        name = QRect(inner.left(), inner.top(), inner.width() * 2 // 5, inner.height())
        self._text(painter, name, self._words.name(station.quantity), "text", Qt.AlignmentFlag.AlignLeft)
        painter.setFont(self._theme.mono_font())
        painter.setPen(QColor(self._theme.tokens.text if station.value is not None else self._theme.tokens.faint))
        painter.drawText(
            inner,
            int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
            number_format.gradient(station.value),
        )
        before = stations[number - 1] if number else None
        change = " ".join(self._words.change(before, station, self._lane)).strip() if before is not None else ""
        text = change or self._words.scope(station, self._lane)
        box = QRect(name.right(), inner.top(), inner.right() - name.right() - px(56), inner.height())
        self._text(painter, box, text, "muted", Qt.AlignmentFlag.AlignLeft)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _draw_mark(self, painter: QPainter, at: QPoint, number: int, station: Station) -> None:
        """Filled in the colour of its curve; empty where there is no value."""
        tokens, side = self._theme.tokens, self._theme.px(_MARK_PX)
        box = QRect(at.x(), at.y(), side, side)
        if station.value is None and not station.passes:
            painter.fillRect(box, QColor(tokens.panel))
            painter.setPen(QColor(tokens.strong))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
            return
        is_finite = station.value is None or abs(station.value) < float("inf")
        painter.fillRect(box, QColor(tokens.series[number] if is_finite else tokens.non_finite))

    def _text(self, painter: QPainter, box: QRect, text: str, role: str, side: Qt.AlignmentFlag) -> None:
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(QColor(getattr(self._theme.tokens, role)))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
