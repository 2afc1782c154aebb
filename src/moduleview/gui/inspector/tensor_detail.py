"""The selected tensor in numbers: statistics of its values and gradient, and their distribution."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from moduleview.gui.inspector.magnitude_plot import MagnitudePlot
from moduleview.gui.inspector.step_legend import StepLegend
from moduleview.gui.look import number_format
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import TensorReport
from moduleview.telemetry.tensor_numbers import MagnitudeHistogram, TensorStatistics

_N_ROWS = 4
_NARROW_PX = 310  # below it the names of the numbers are shortened, not cut
_SINGLE_PX = 250  # below it the numbers stand in one column


class TensorDetail(QWidget):
    """Draws one report and, as an outline, an earlier one."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._report: TensorReport | None = None
        self._earlier: TensorReport | None = None
        self._fqn = ""
        self._shows_gradient = True
        self.setAccessibleName(self.tr("Selected tensor"))
        self._name = ElidedLabel(self, mode=Qt.TextElideMode.ElideLeft)
        self._where = QLabel(self)
        self._where.setProperty("role", "muted")
        self._names = [QLabel(self) for _ in range(2 * _N_ROWS)]
        self._values = [QLabel(self) for _ in range(2 * _N_ROWS)]
        for label in self._names:
            label.setProperty("role", "muted")
        self._what = QToolButton(self)
        self._legend = StepLegend(theme, self)
        self.plot = MagnitudePlot(theme, self)
        self._notice = QLabel(self, wordWrap=True)
        self._notice.setTextFormat(Qt.TextFormat.PlainText)  # torch's words may stand in it
        self._notice.setProperty("role", "muted")
        self._set_up_choice()
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.show_report(None, None)

    def look_at(self, fqn: str, name: str) -> None:
        """Turn to another tensor, whose report is yet to come; ``name`` is the one it has below what is selected."""
        self._name.set_text(displayable(name))
        if fqn != self._fqn:
            self._fqn = fqn
            self._name.setToolTip(plain_tip(displayable(fqn)))
            self.plot.forget()
            self.show_report(None, None)

    def show_report(self, report: TensorReport | None, earlier: TensorReport | None) -> None:
        """Draw what is known."""
        self._report, self._earlier = report, earlier
        if report is None:
            self._where.setText("")
        else:
            step = number_format.exact_count(report.step)
            self._where.setText(self.tr("step {0} · {1}").format(step, report.device))
        self._write_rows()
        self._draw_distribution()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorter names where there is less room."""
        super().resizeEvent(event)
        self._arrange()
        self._write_rows()
        self._what.setText(self._caption_text())

    def _write_rows(self) -> None:
        rows = self._rows(self._report)
        for (name, value), name_label, value_label in zip(rows, self._names, self._values, strict=True):
            name_label.setText(name)
            value_label.setText(value)

    # -- content ---------------------------------------------------------------------------------------------------

    def _rows(self, report: TensorReport | None) -> list[tuple[str, str]]:
        """Left column from top to bottom, then the right one."""
        value = None if report is None else report.value
        gradient = None if report is None else report.gradient
        plain, short = number_format.plain, number_format.gradient
        is_narrow = self.width() < self._theme.px(_NARROW_PX)
        dash = number_format.NO_VALUE
        non_finite = [s.non_finite for s in (value, gradient) if s is not None]
        return [
            (self.tr("norm"), dash if value is None else plain(value.norm, 3)),
            (self.tr("mean"), dash if value is None else plain(value.mean, 3)),
            (self.tr("std"), dash if value is None else plain(value.std, 3)),
            (
                self.tr("range") if is_narrow else self.tr("min … max"),
                dash if value is None else f"{plain(value.min, 2)} … {plain(value.max, 2)}",
            ),
            (
                self.tr("grad norm") if is_narrow else self.tr("gradient norm"),
                dash if gradient is None else short(gradient.norm),
            ),
            (
                self.tr("grad max") if is_narrow else self.tr("gradient max"),
                dash if gradient is None else short(_largest(gradient)),
            ),
            (
                self.tr("grad zeros") if is_narrow else self.tr("gradient zeros"),
                dash if gradient is None else f"{gradient.zero_share * 100:.1f} %",
            ),
            (self.tr("non-finite"), number_format.exact_count(sum(non_finite)) if non_finite else dash),
        ]

    def _draw_distribution(self) -> None:
        now, earlier = self._histogram(self._report), self._histogram(self._earlier)
        self.plot.show_shares(now, earlier)
        self._legend.show_steps(
            None if self._report is None or now is None else self._report.step,
            None if self._earlier is None or earlier is None else self._earlier.step,
        )
        self._what.setText(self._caption_text())
        notice = self._missing()
        self._notice.setText(notice)
        self._notice.setVisible(bool(notice))
        self.plot.setVisible(not notice)

    def _caption_text(self) -> str:
        what = self.tr("|gradient|") if self._shows_gradient else self.tr("|value|")
        is_narrow = self.width() < self._theme.px(_NARROW_PX)
        return what if is_narrow else self.tr("{0}, share of elements").format(what)

    def _histogram(self, report: TensorReport | None) -> MagnitudeHistogram | None:
        if report is None:
            return None
        return report.gradient_histogram if self._shows_gradient else report.value_histogram

    def _missing(self) -> str:
        """Why there is nothing to draw, "" when there is."""
        report = self._report
        if report is None:
            return ""
        return report.not_available or (report.gradient_missing if self._shows_gradient else "")

    def _on_choice(self, shows_gradient: bool) -> None:
        if shows_gradient != self._shows_gradient:
            self._shows_gradient = shows_gradient
            self.plot.forget()
            self._draw_distribution()

    # -- building --------------------------------------------------------------------------------------------------

    def _set_up_choice(self) -> None:
        menu, group = QMenu(self._what), QActionGroup(self._what)
        for text, shows_gradient in ((self.tr("Gradient"), True), (self.tr("Values"), False)):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(shows_gradient)
            action.triggered.connect(lambda _checked=False, which=shows_gradient: self._on_choice(which))
            group.addAction(action)
        self._what.setMenu(menu)
        self._what.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._what.setAutoRaise(True)
        self._what.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._what.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the text
        self._what.setToolTip(self.tr("Draw the gradient or the values"))
        self._what.setAccessibleName(self.tr("What the distribution shows"))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        top.addWidget(self._where)
        column.addLayout(top)
        self._grid = QGridLayout()
        self._n_rows = 0
        self._arrange()
        column.addLayout(self._grid)
        caption = QHBoxLayout()
        caption.addWidget(self._what)
        caption.addStretch(1)
        caption.addWidget(self._legend)
        column.addLayout(caption)
        column.addWidget(self.plot, 1)
        column.addWidget(self._notice, 1, Qt.AlignmentFlag.AlignTop)
        self._column = column
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def _arrange(self) -> None:
        """In two columns of names and values, or one below the other."""
        n_rows = 2 * _N_ROWS if self.width() < self._theme.px(_SINGLE_PX) else _N_ROWS
        if n_rows == self._n_rows:
            return
        self._n_rows = n_rows
        for index, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            row, side = index % n_rows, 3 * (index // n_rows)
            for label in (name, value):
                self._grid.removeWidget(label)
            self._grid.addWidget(name, row, side)
            self._grid.addWidget(value, row, side + 1, Qt.AlignmentFlag.AlignRight)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(4, 0 if n_rows > _N_ROWS else 1)
        self._fit_gap()

    def _fit_gap(self) -> None:
        """Between the two columns, where there are two."""
        self._grid.setColumnMinimumWidth(2, self._theme.px(12) if self._n_rows == _N_ROWS else 0)

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(8), px(8), px(8), px(8))
        self._column.setSpacing(px(4))
        self._grid.setVerticalSpacing(px(4))
        self._grid.setHorizontalSpacing(px(4))
        self._fit_gap()
        muted, accent = self._theme.tokens.muted, self._theme.tokens.accent
        self._what.setStyleSheet(
            f"QToolButton {{ color: {muted}; border: none; padding: 0; }} QToolButton:focus {{ color: {accent}; }}"
        )
        self._what.setIcon(self._icons.icon("chevron-down"))
        self._what.setIconSize(QSize(px(14), px(14)))
        self._name.setFont(self._theme.mono_font(11, bold=True))
        for label in self._values:
            label.setFont(self._theme.mono_font(11))


def _largest(gradient: TensorStatistics) -> float:
    """Largest magnitude."""
    return max(abs(gradient.min), abs(gradient.max))
