"""Draws from where the cells of a result come: inputs and guides at the left, results at the right, linked by hover."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from moduleview.gui.lab.cell_grid import CellGrid, GridLook, longest_text
from moduleview.gui.lab.cell_links import CellPlace, Side, index_words, linked, source_of
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.lab_pipelines import PictureAnswered, PictureGrid

_CELL_PX, _TEXT_PX, _GAP_PX, _LABEL_PX, _COLUMN_GAP_PX, _PAD_PX = 20, 8, 10, 18, 56, 8
_TITLE_PX = 240
_Column = tuple[str, list[tuple[Side, int, PictureGrid]]]
_NONE = -1  # of a cell that belongs to no input


class WhereFromPicture(QWidget):
    """Arrows walk over the cells of the results; the cells that hold the same element are framed."""

    pointed = Signal(str)  # what the cell under the pointer or cursor is

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._picture: PictureAnswered | None = None
        self._grids: dict[tuple[Side, int], CellGrid] = {}
        self._titles: list[tuple[QRectF, str]] = []
        self._size = QSize(10, 10)
        self._place: CellPlace | None = None
        self._is_stacked = False
        self._lit: frozenset[CellPlace] = frozenset()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Which cell comes from where"))
        theme.changed.connect(self._lay_out)

    def show_picture(self, picture: PictureAnswered | None) -> None:
        """Draw another one."""
        self._picture, self._place, self._lit = picture, None, frozenset()
        self._lay_out()

    @property
    def lit(self) -> frozenset[CellPlace]:
        """The cells that are framed."""
        return self._lit

    def point_at(self, place: CellPlace | None) -> None:
        """Frame a cell and all that hold the same element."""
        if self._picture is None or place == self._place:
            return
        self._place, self._lit = place, linked(self._picture, place)
        words = self._words()
        self.setAccessibleDescription(words)
        self.pointed.emit(words)
        self.update()

    def center_of(self, place: CellPlace) -> QPointF:
        """Middle of a cell in this widget."""
        return self._grids[place.side, place.grid].cell_rect(place.cell).center()

    def sizeHint(self) -> QSize:
        """All grids."""
        return self._size

    def minimumSizeHint(self) -> QSize:
        """It is scrolled where there is less room."""
        return self._size

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer is over a cell, or over none."""
        self.point_at(self._place_at(event.position()))

    def fit(self) -> None:
        """What can be seen became wider or narrower."""
        self._lay_out()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is elsewhere."""
        super().leaveEvent(event)
        if not self.hasFocus():
            self.point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk over the cells of the first result, and on through the others."""
        by = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        down = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if self._picture is None or (by is None and down is None):
            super().keyPressEvent(event)
            return
        order = [
            CellPlace(side, number, cell)
            for (side, number), grid in self._grids.items()
            if side in (Side.RESULT, Side.OTHER)
            for cell in range(grid.n_cells)
        ]
        if not order:
            return
        if self._place not in order:
            self.point_at(order[0])
            return
        assert self._place is not None
        wide = self._grids[self._place.side, self._place.grid].matrix[1]
        at = order.index(self._place) + (by if by is not None else (down or 0) * wide)
        self.point_at(order[min(max(at, 0), len(order) - 1)])

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Titles, grids, frames."""
        painter = QPainter(self)
        painter.setFont(self._theme.mono_font())
        painter.setPen(QColor(self._theme.tokens.muted))
        for box, title in self._titles:
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        for (side, number), grid in self._grids.items():
            self._paint_grid(painter, side, number, grid)
        self._paint_lit(painter)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _paint_grid(self, painter: QPainter, side: Side, number: int, grid: CellGrid) -> None:
        tokens = self._theme.tokens
        for cell in range(grid.n_cells):
            box = grid.cell_rect(cell)
            source = self._source_of(side, number, cell)
            painter.fillRect(box, self._fill(source))
            painter.setPen(QPen(QColor(tokens.border), 1))
            painter.drawRect(box)
            text = grid.grid.texts[cell] if cell < len(grid.grid.texts) else ""
            painter.setPen(QColor(tokens.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_lit(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        painter.setBrush(Qt.BrushStyle.NoBrush)
        centers = []
        for place in self._lit:
            grid = self._grids.get((place.side, place.grid))
            if grid is None:
                continue
            box = grid.cell_rect(place.cell)
            painter.fillRect(box.adjusted(1, 1, 0, 0), QColor(tokens.selection))
            text = grid.grid.texts[place.cell] if place.cell < len(grid.grid.texts) else ""
            painter.setPen(QColor(tokens.on_selection))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(box)
            centers.append((place.side, *self._ends(grid, box)))
        painter.setPen(QPen(QColor(tokens.accent), 1))
        if self._is_stacked:
            return  # one below the other: a line would cross what lies between, and the frames tell enough
        targets = [each for each in centers if each[0] in (Side.RESULT, Side.OTHER)]
        for _side, begin, _end in (each for each in centers if each[0] is Side.INPUT):
            for _other, _begin, end in targets:
                painter.drawLine(begin, end)

    @staticmethod
    def _ends(grid: CellGrid, box: QRectF) -> tuple[QPointF, QPointF]:
        """Where a line leaves a grid, and where one comes in: between the grids, so that it crosses no number."""
        y = box.center().y()
        return QPointF(grid.left + grid.size[0], y), QPointF(grid.left, y)

    def _source_of(self, side: Side, number: int, cell: int) -> int:
        """The input that a cell belongs to, for its tint."""
        assert self._picture is not None
        if side is Side.INPUT:
            return number
        if side is Side.GUIDE:
            return _NONE
        results = self._picture.results if side is Side.RESULT else self._picture.others
        return int(results[number].from_input[cell])

    def _fill(self, source: int) -> QColor:
        """A pale tint an input: where there are several they must be told apart; their labels name them too."""
        tokens = self._theme.tokens
        if source < 0 or self._picture is None:
            return QColor(tokens.panel)
        tint, ground, share = QColor(tokens.series[source % len(tokens.series)]), QColor(tokens.panel), 0.16
        mixed = [
            round(share * a + (1 - share) * b)
            for a, b in zip(
                (tint.red(), tint.green(), tint.blue()), (ground.red(), ground.green(), ground.blue()), strict=True
            )
        ]
        return QColor(*mixed)

    def _words(self) -> str:
        place = self._place
        if place is None or self._picture is None:
            return ""
        picture, grid = self._picture, self._grids[place.side, place.grid].grid
        here = f"{grid.label}{index_words(grid.shape, place.cell)}"
        if place.side in (Side.RESULT, Side.OTHER):
            source = source_of(picture, place)
            if source is None:
                return self.tr("{0} comes from no input").format(here)
            origin = picture.inputs[source[0]]
            there = f"{origin.label}{index_words(origin.full_shape, source[1])}"
            is_drawn = any(each.side is Side.INPUT and each.grid == source[0] for each in self._lit)
            words = self.tr("{0} comes from {1}") if is_drawn else self.tr("{0} comes from {1}, which is not drawn")
            return words.format(here, there)
        n = sum(each.side is Side.RESULT for each in self._lit)
        if any(result.grid.whole for result in picture.results):
            return self.tr("{0} stands in {1} cells of the result that are drawn").format(here, n)
        return self.tr("{0} stands in {1} cells of the result").format(here, n)

    def _place_at(self, at: QPointF) -> CellPlace | None:
        for (side, number), grid in self._grids.items():
            cell = grid.cell_at(at)
            if cell is not None:
                return CellPlace(side, number, cell)
        return None

    def _lay_out(self) -> None:
        """Inputs over guides in the left column, then the results, then what they are compared with."""
        self._grids, self._titles = {}, []
        picture, px = self._picture, self._theme.px
        x = float(px(_PAD_PX))
        bottom = 0.0
        if picture is not None:
            x, bottom = self._lay_columns(_columns(picture))
        self._size = QSize(round(x), round(bottom) + px(_PAD_PX))
        self.setMinimumSize(self._size)
        self.updateGeometry()
        self.update()

    def _lay_columns(self, columns: list[_Column]) -> tuple[float, float]:
        """Side by side; where that is wider than what can be seen, one below the other."""
        px = self._theme.px
        parent = self.parentWidget()
        right = bottom = 0.0
        for is_stacked in (False, True):
            self._grids, self._titles, self._is_stacked = {}, [], is_stacked
            x = y = float(px(_PAD_PX))
            right = bottom = 0.0
            for title, grids in columns:
                width, foot = self._lay_column(QPointF(x, y), title, grids)
                right, bottom = max(right, x + width), max(bottom, foot)
                if is_stacked:
                    y = foot + px(_GAP_PX)
                else:
                    x += width + px(_COLUMN_GAP_PX)
            if parent is None or right <= parent.width():
                break
        return right, bottom

    def _lay_column(self, at: QPointF, title: str, grids: list[tuple[Side, int, PictureGrid]]) -> tuple[float, float]:
        x, y = at.x(), at.y()
        px, metrics = self._theme.px, QFontMetrics(self._theme.mono_font())
        title = metrics.elidedText(title, Qt.TextElideMode.ElideRight, px(_TITLE_PX))
        width = float(metrics.horizontalAdvance(title))
        if title:
            self._titles.append((QRectF(x, y, max(width + 4, 10), px(_LABEL_PX)), title))
            y += px(_LABEL_PX)
        for side, number, grid in grids:
            label = f"{grid.label}  {_shape_words(grid)}"
            self._titles.append((QRectF(x, y, metrics.horizontalAdvance(label) + 4, px(_LABEL_PX)), label))
            y += px(_LABEL_PX)
            cell = max(float(px(_CELL_PX)), metrics.horizontalAdvance("0") * longest_text(grid) + px(_TEXT_PX))
            placed = CellGrid(grid, x, y, GridLook(cell, float(px(_CELL_PX)), float(px(_GAP_PX))))
            self._grids[side, number] = placed
            width = max(width, placed.size[0], metrics.horizontalAdvance(label))
            y += placed.size[1] + px(_GAP_PX)
        return width, y


def _columns(picture: PictureAnswered) -> list[_Column]:
    """Inputs and guides, results, and what they are compared with; those that hold something."""
    left = [(Side.INPUT, n, grid) for n, grid in enumerate(picture.inputs)]
    left += [(Side.GUIDE, n, grid) for n, grid in enumerate(picture.guides)]
    results = [(Side.RESULT, n, result.grid) for n, result in enumerate(picture.results)]
    others = [(Side.OTHER, n, result.grid) for n, result in enumerate(picture.others)]
    columns: list[_Column] = [
        ("", left),
        (picture.title if others else "", results),
        (picture.others_title, others),
    ]
    return [column for column in columns if column[1]]


def _shape_words(grid: PictureGrid) -> str:
    """``3 × 4``, or ``16 × 16 of 50257 × 768``."""
    drawn, whole = (" × ".join(map(str, shape)) for shape in (grid.shape, grid.whole))
    return f"{drawn} of {whole}" if grid.whole else drawn or "0-d"
