"""A line of numbers between rules: in full where that fits, else in fewer words, else without the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.readout import Readout
from moduleview.gui.widgets.rule import VerticalRule

_GAP_PX, _RULE_PX, _RULE_MARGIN_PX = 8, 16, 4


@dataclass(frozen=True)
class Total:
    """One number, as ``Readout`` shows it."""

    name: str
    value: str
    rest: str = ""
    warns: bool = False


class TotalsLine(QWidget):
    """The first number is what the eye should meet.

    Args:
        theme: Colours, fonts, zoom.
        n_totals: Numbers.
        parent: Owner.
    """

    def __init__(self, theme: Theme, n_totals: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._wordings: tuple[Sequence[Total], ...] = ()
        self.readouts = tuple(Readout(theme, "", self, bold=number == 0) for number in range(n_totals))
        self._rules = [VerticalRule(theme, _RULE_PX, _RULE_MARGIN_PX, self) for _ in range(n_totals - 1)]
        self._row = QHBoxLayout(self)
        for readout, rule in zip(self.readouts, [None, *self._rules], strict=True):
            if rule is not None:
                self._row.addWidget(rule)
            self._row.addWidget(readout)
        self._row.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_totals(self, *wordings: Sequence[Total]) -> None:
        """Show other numbers; ``wordings`` say the same, the longest first."""
        if wordings != self._wordings:
            self._wordings = wordings
            self._fit()

    def minimumSizeHint(self) -> QSize:
        """It never makes its panel wide."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is room for more, or for less."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        n_all = len(self.readouts)
        ways = [(totals, n_all) for totals in self._wordings]
        ways += [(totals, n_shown) for totals in self._wordings[-1:] for n_shown in range(n_all - 1, 0, -1)]
        for totals, n_shown in ways:
            self._write(totals)
            if self._width_of(n_shown) <= self.width():
                break
        for number, readout in enumerate(self.readouts):
            readout.setVisible(not ways or number < n_shown)
        for number, rule in enumerate(self._rules, 1):
            rule.setVisible(not ways or number < n_shown)

    def _write(self, totals: Sequence[Total]) -> None:
        for readout, total in zip(self.readouts, totals, strict=True):
            readout.set_name(total.name)
            readout.show_value(total.value, total.rest, warns=total.warns)

    def _width_of(self, n_shown: int) -> int:
        """Of the first so many, with what is between and around them."""
        gap = self._theme.px(_GAP_PX)
        rule = self._theme.px(2 * _RULE_MARGIN_PX) + 1 + 2 * gap
        return sum(readout.sizeHint().width() for readout in self.readouts[:n_shown]) + (n_shown - 1) * rule + 2 * gap

    def _on_theme_changed(self) -> None:
        gap = self._theme.px(_GAP_PX)
        self._row.setContentsMargins(gap, gap, gap, gap)
        self._row.setSpacing(gap)
        self._fit()
