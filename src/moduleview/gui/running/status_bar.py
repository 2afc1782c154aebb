"""The status bar: the last message at the left for 8 s, what the run costs and gives at the right."""

from __future__ import annotations

import math

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QSizePolicy, QStatusBar, QWidget

from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.look import number_format
from moduleview.gui.look.number_format import NO_VALUE
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.readout import Readout
from moduleview.gui.widgets.rule import VerticalRule
from moduleview.telemetry.quantities import LOSS, MEMORY, OVERHEAD
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import StoreView

MESSAGE_MS = 8000
OVERHEAD_BUDGET = 0.02  # share of a step's time that measuring may take before it is said, where nobody set another
_HEIGHT = 24


class StatusBar(QStatusBar):
    """Reads the store, keeps nothing but the message."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("status_bar")
        self.setSizeGripEnabled(False)
        self._theme = theme
        self._revision = -1
        self._parts: list[QWidget] = []
        self.message = ElidedLabel(self)
        self.message.setObjectName("status_message")
        self.message.setProperty("role", "muted")
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self.message, 1)
        self.fade = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self.fade.timeout.connect(lambda: self.say(""))
        names = {
            "loss": self.tr("loss"),
            "steps_per_s": self.tr("steps/s"),
            "overhead": self.tr("overhead"),
            "drops": self.tr("drops"),
            "memory": self.tr("memory"),
            "device": self.tr("device"),
        }
        self.readouts = {key: self._add_readout(name) for key, name in names.items()}
        self._explain()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @gui_thread_only
    def say(self, sentence: str) -> None:
        """Show a sentence at the left for 8 s; a newer one takes its place."""
        self.message.set_text(sentence)
        if sentence:
            self.fade.start()

    def take_back(self, sentence: str) -> None:
        """What was said is no longer so; what has been said since stays."""
        if self.message.text() == sentence:
            self.say("")

    @gui_thread_only
    def refresh(self, store: StoreView) -> None:
        """Show the run's numbers as they are now."""
        if store.revision == self._revision:
            return
        self._revision = store.revision
        read, task = self.readouts, store.task
        for part in self._parts:
            part.setVisible(task is not None)
        read["loss"].show_value(number_format.plain(store.latest(SeriesKey(LOSS))))
        rate = store.steps_per_s
        read["steps_per_s"].show_value(NO_VALUE if math.isnan(rate) else number_format.plain(rate, 3))
        overhead = store.latest(SeriesKey(OVERHEAD))
        if overhead is None or math.isnan(overhead):
            read["overhead"].show_value(NO_VALUE)
        else:
            budget = OVERHEAD_BUDGET if store.costs is None else store.costs.budget
            is_over = budget is not None and overhead > budget
            read["overhead"].show_value(f"{overhead * 100:.1f} %", warns=is_over)
        read["drops"].show_value(number_format.short_count(store.n_dropped), warns=store.n_dropped > 0)
        memory = store.latest(SeriesKey(MEMORY))
        read["memory"].show_value(NO_VALUE if memory is None else number_format.n_bytes(int(memory)))
        read["memory"].setToolTip(self._memory_tip(store))
        read["device"].show_value(NO_VALUE if task is None else task.device)

    def _add_readout(self, name: str) -> Readout:
        rule, readout = VerticalRule(self._theme, 14, 4, self), Readout(self._theme, name, self)
        for part in (rule, readout):
            self.addPermanentWidget(part)
            part.hide()  # nothing is said of a run before there is one
            self._parts.append(part)
        return readout

    def _explain(self) -> None:
        self.readouts["loss"].setToolTip(self.tr("Loss of the last step"))
        self.readouts["steps_per_s"].setToolTip(self.tr("Optimizer steps a second, over the last two seconds"))
        self.readouts["overhead"].setToolTip(self.tr("Share of the last step's time that all measuring took"))
        self.readouts["drops"].setToolTip(self.tr("Steps that were trained but not shown, since the window was busy"))
        self.readouts["device"].setToolTip(self.tr("Where the model is"))

    def _memory_tip(self, store: StoreView) -> str:
        """What the number is, what the run's history takes of it, and how far back each step is kept."""
        whose = self.tr("Memory of the program, or of the tensors on the GPU.")
        if store.first_step is None:
            return whose
        n_series, n_bytes = number_format.exact_count(store.n_series), number_format.n_bytes(store.n_bytes)
        history = self.tr("The history of {0} series takes {1}").format(n_series, n_bytes)
        if store.first_step == 0:
            return f"{whose}\n{history}."
        since = self.tr("every step since {0}; of older ones the lowest and highest of each 16, 256 and more").format(
            number_format.exact_count(store.first_step)
        )
        return f"{whose}\n{history}: {since}."

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self.setFixedHeight(px(_HEIGHT))
        self.setContentsMargins(px(8), 0, px(8), 0)
        self.message.setFont(self._theme.ui_font(11))
