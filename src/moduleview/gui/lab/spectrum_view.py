"""The singular values of a tensor as a matrix, and what they say: rank, effective rank, condition."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QWidget

from moduleview.gui.lab.spectrum_words import effective_rank
from moduleview.gui.lab.words_over_plot import WordsOverPlot
from moduleview.gui.look import number_format
from moduleview.gui.panel import PanelContext
from moduleview.gui.plots.lab_spectrum import LabSpectrum
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_views import RequestSpectrum, SpectrumAnswered


class SpectrumView(WordsOverPlot):
    """A line of numbers over the values."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, parent)
        self.plot = LabSpectrum(context.theme, self)
        self.of = self.add_choice(
            self.tr("Matrix"), {self.tr("this slice"): True, self.tr("first axis × the rest"): False}
        )
        self.of.currentIndexChanged.connect(self.ask)
        self.add_plot(self.plot)
        self.setFocusProxy(self.of)

    def ask(self) -> None:
        """Ask for the values; a large matrix takes a while."""
        if self.shown is None or not self.shown.n_elements:
            return
        shown, plane = self.shown, self.plane if self.of.currentData() else None
        self.say(self.tr("computing the singular values"))
        self.question.ask(lambda r: RequestSpectrum(r, shown.tensor_id, plane))

    def show_answer(self, answer: LabRecord) -> None:
        """Draw the values and say what they mean."""
        if not isinstance(answer, SpectrumAnswered):
            return
        self.plot.draw_answer(answer)
        self.say(self._say(answer))

    def _say(self, answer: SpectrumAnswered) -> str:
        most, real = len(answer.values), effective_rank(answer.values)
        words = [
            self.tr("{0} × {1} matrix").format(answer.n_rows, answer.n_columns),
            self.tr("rank {0} of {1}").format(answer.rank, most),
            self.tr("effective rank {0}").format(number_format.NO_VALUE if math.isnan(real) else f"{real:.1f}"),
            self.tr("condition number {0}").format(number_format.plain(answer.condition, 3)),
        ]
        if most:
            words.append(self.tr("largest {0}").format(number_format.plain(float(answer.values[0]))))
        return "  ".join((*words, answer.remark)).rstrip()
