"""What stands beside a distribution: of what it is, at which steps, of how many elements, and what is not in a bin."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_look import Look
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.safe_paint import safe_paint

WIDTH_PX = 189
_MUTED = Look("muted")
_PADDING_PX, _LINE_PX, _LEAST_LINE_PX, _GAP_PX, _SAMPLE_PX = 10, 18, 13, 6, 10


@dataclass(frozen=True)
class Facts:
    """Texts, and the steps that they are of.

    Attributes:
        name: FQN.
        kind: Lines on what the elements are of: how many tensors, and their types.
        step: Of the bars; None where there is none up to the crosshair.
        earlier: Of the outline; None where none is drawn.
        rows: Name, value and colour role of each line of numbers.
        note: Muted lines below.
    """

    name: str
    kind: tuple[str, ...]
    step: int | None = None
    earlier: int | None = None
    rows: tuple[tuple[str, str, str], ...] = ()
    note: tuple[str, ...] = ()


class DistributionFacts(QWidget):
    """Lines of text. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts = Facts("", ())
        self.setAccessibleName(self.tr("What the distribution is of"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._on_theme_changed)

    @property
    def facts(self) -> Facts:
        """What is shown."""
        return self._facts

    def show_facts(self, facts: Facts) -> None:
        """Show others; cheap when nothing changed."""
        if facts != self._facts:
            self._facts = facts
            lines = (facts.name, *facts.kind, *(f"{name} {value}" for name, value, _ in facts.rows), *facts.note)
            self.setAccessibleDescription(", ".join(lines))
            self.setToolTip(plain_tip("\n".join((facts.name, *facts.kind))))
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as the legend of the curves."""
        return QSize(self._theme.px(WIDTH_PX), self._theme.px(160))

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """A line down the left edge, and the lines."""
        painter, theme, facts = QPainter(self), self._theme, self._facts
        painter.setPen(QColor(theme.tokens.border))
        painter.drawLine(0, 0, 0, self.height())
        px = theme.px
        box = QRect(px(_PADDING_PX), px(_GAP_PX), self.width() - 2 * px(_PADDING_PX), self.line_height)
        box = self._text(painter, box, facts.name, Look(is_mono=True, elides_left=True))
        for line in facts.kind:
            box = self._text(painter, box, line, _MUTED)
        box.translate(0, px(_GAP_PX))
        if facts.step is not None:
            box = self._draw_steps(painter, box)
        for name, value, role in facts.rows:
            self._text(painter, box, value, Look(color=role, is_mono=True, is_right=True))
            box = self._text(painter, box, name, _MUTED)
        box.translate(0, px(_GAP_PX))
        for line in facts.note:
            box = self._text(painter, box, line, _MUTED)

    def _draw_steps(self, painter: QPainter, box: QRect) -> QRect:
        """A filled sample for the bars, a line for the outline, each with its step."""
        tokens, px, facts = self._theme.tokens, self._theme.px, self._facts
        side, middle = px(_SAMPLE_PX), box.center().y() + 1
        painter.fillRect(QRect(box.x(), middle - side // 2, side, side), QColor(tokens.series[0]))
        shown = box.adjusted(side + px(6), 0, 0, 0)
        self._text(painter, shown, number_format.exact_count(facts.step or 0), Look(is_mono=True))
        if facts.earlier is not None:
            x = box.x() + box.width() // 2
            painter.fillRect(QRect(x, middle, side, max(px(1), 1)), QColor(tokens.text))
            text = number_format.exact_count(facts.earlier)
            self._text(painter, box.adjusted(x - box.x() + side + px(6), 0, 0, 0), text, Look("muted", is_mono=True))
        return box.translated(0, box.height())

    @property
    def line_height(self) -> int:
        """In a low panel lines stand closer, so that the last one can be read too."""
        px, facts = self._theme.px, self._facts
        n_lines = 1 + len(facts.kind) + (facts.step is not None) + len(facts.rows) + len(facts.note)
        room = (self.height() - 3 * px(_GAP_PX)) // n_lines
        return min(max(room, px(_LEAST_LINE_PX)), px(_LINE_PX))

    def _text(self, painter: QPainter, box: QRect, text: str, look: Look) -> QRect:
        """One line; gives the box of the next."""
        painter.setFont(self._theme.mono_font() if look.is_mono else self._theme.ui_font(11))
        painter.setPen(QColor(getattr(self._theme.tokens, look.color)))
        side = Qt.AlignmentFlag.AlignRight if look.is_right else Qt.AlignmentFlag.AlignLeft
        mode = Qt.TextElideMode.ElideLeft if look.elides_left else Qt.TextElideMode.ElideRight
        shown = painter.fontMetrics().elidedText(text, mode, box.width())
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
        return box.translated(0, box.height())

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()
