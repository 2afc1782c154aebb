"""How the elements are spread: by value or by magnitude, of the whole tensor or of the slice, and in numbers."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QWidget

from moduleview.gui.inspector.magnitude_plot import MagnitudePlot
from moduleview.gui.lab.question import Question
from moduleview.gui.lab.words_over_plot import WordsOverPlot
from moduleview.gui.look import number_format
from moduleview.gui.panel import PanelContext
from moduleview.gui.plots.lab_histogram import LabHistogram
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_views import HistogramAnswered, RequestHistogram, RequestStatistics, StatisticsAnswered

_BY_VALUE, _BY_MAGNITUDE = "value", "magnitude"


class HistogramView(WordsOverPlot):
    """Bars over a line of numbers."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, parent)
        self._numbers = Question(context)
        self._statistics = self._remark = ""
        self.bars = LabHistogram(context.theme, self)
        self.magnitudes = MagnitudePlot(context.theme, self)
        self.by = self.add_choice(
            self.tr("Bins"), {self.tr("by value"): _BY_VALUE, self.tr("by magnitude"): _BY_MAGNITUDE}
        )
        self.of = self.add_choice(self.tr("Elements"), {self.tr("whole tensor"): False, self.tr("this slice"): True})
        self.by.currentIndexChanged.connect(self._show_chosen)
        self.of.currentIndexChanged.connect(self.ask)
        self.add_plot(self.bars)
        self.add_plot(self.magnitudes)
        self.setFocusProxy(self.by)

    def begin(self, *, is_other: bool) -> None:
        """A magnitude plot only widens while one tensor is looked at."""
        if is_other:
            self.magnitudes.forget()

    def ask(self) -> None:
        """Ask for the bins and the numbers."""
        if self.shown is None or not self.shown.n_elements:
            return
        shown, plane = self.shown, self.plane if self.of.currentData() else None
        self.question.ask(lambda r: RequestHistogram(r, shown.tensor_id, plane))
        self._numbers.ask(lambda r: RequestStatistics(r, shown.tensor_id, plane))

    def take(self, book: LabBook) -> None:
        """Bars and numbers come one by one."""
        super().take(book)
        answer = self._numbers.take(book)
        if isinstance(answer, StatisticsAnswered):
            self._statistics = self._say(answer)
            self._say_all()

    def show_answer(self, answer: LabRecord) -> None:
        """Draw the bars."""
        if not isinstance(answer, HistogramAnswered):
            return
        self._remark = answer.remark
        self._say_all()
        self.bars.draw_answer(answer)
        self.magnitudes.show_shares(answer.magnitudes, None)
        has_magnitudes = answer.magnitudes is not None
        self.by.setEnabled(has_magnitudes)
        self.by.setToolTip("" if has_magnitudes else self.tr("Whole numbers have no magnitudes by powers of two"))
        self._show_chosen()

    def _show_chosen(self) -> None:
        is_by_magnitude = self.by.isEnabled() and self.by.currentData() == _BY_MAGNITUDE
        self.show_plot(self.magnitudes if is_by_magnitude else self.bars)

    def _say_all(self) -> None:
        is_complex = self.shown is not None and self.shown.dtype.startswith("complex")
        magnitudes = self.tr("Of the magnitudes.") if is_complex else ""
        self.say("  ".join(filter(None, (self._statistics, magnitudes, self._remark))))

    def _say(self, answer: StatisticsAnswered) -> str:
        def counted(n: int, one: str, many: str) -> str:
            return one if n == 1 else many.format(number_format.exact_count(n))

        def plain(value: float) -> str:
            return number_format.NO_VALUE if math.isnan(value) else number_format.plain(value)

        words = [
            counted(answer.n, self.tr("1 element"), self.tr("{0} elements")),
            self.tr("min {0}").format(plain(answer.min)),
            self.tr("max {0}").format(plain(answer.max)),
            self.tr("mean {0}").format(plain(answer.mean)),
            self.tr("std {0}").format(plain(answer.std)),
            self.tr("norm {0}").format(plain(answer.norm)),
        ]
        if answer.n_nan or answer.n_inf:
            words.insert(1, self.tr("{0} NaN, {1} Inf").format(answer.n_nan, answer.n_inf))
        words.append(counted(answer.n_zero, self.tr("1 zero"), self.tr("{0} zeros")))
        if answer.n_unique is not None:
            words.append(self.tr("{0} different").format(number_format.exact_count(answer.n_unique)))
        return "  ".join(words)
