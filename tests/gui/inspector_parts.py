"""A panel's context over a hand-made store, with everything that was sent and asked for kept."""

import numpy as np
from PySide6.QtCore import QObject

from builders import add_steps, declare_gradients, opened_store, snapshot_of
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import PanelContext
from moduleview.gui.panels.inspector import InspectorPanel
from moduleview.gui.selection import Selection
from moduleview.telemetry.commands import Capability, SetHooks
from moduleview.telemetry.records import TensorReport
from moduleview.telemetry.tensor_numbers import MagnitudeHistogram, TensorStatistics

EVERYTHING = Capability.CONTROL | Capability.HOOKS | Capability.REPORTS


class Bench:
    """Store, selection and context of one test. Keep it as long as its panels: it owns theme and scale."""

    def __init__(self, capabilities=EVERYTHING, snapshot=None):
        self._root = parent = QObject()
        self.store = opened_store(snapshot_of() if snapshot is None else snapshot)
        self.selection = Selection(parent)
        self.sent, self.actions, self.notices = [], [], []
        self.capabilities = capabilities
        self.context = PanelContext(
            store=self.store,
            selection=self.selection,
            theme=Theme(parent),
            scale=GradientScale(parent),
            capabilities=lambda: self.capabilities,
            send=self.send,
            run_action=self.actions.append,
            notify=self.notices.append,
        )

    def send(self, command):
        self.sent.append(command)
        if isinstance(command, SetHooks):
            self.store.request_hooks(command)

    def sent_of(self, kind):
        return [command for command in self.sent if isinstance(command, kind)]

    def train(self, n_steps, value=0.5):
        if not self.store.keys("grad_norm"):
            declare_gradients(self.store)
        n_series = 1 + len(self.store.keys("grad_norm"))
        first = 0 if self.store.last_step is None else self.store.last_step + 1
        add_steps(self.store, np.full((n_steps, n_series), value), first)


def shown_inspector(qtbot, bench):
    """The Inspector at the width that it has at first."""
    panel = InspectorPanel(bench.context)
    qtbot.addWidget(panel)
    panel.resize(346, 740)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def tensor_report(fqn, step, **changes):
    value = TensorStatistics(9.42, -3.1e-4, 0.0213, -0.41, 0.38, 0.0, 0)
    gradient = TensorStatistics(3.6, 1e-4, 0.01, -0.43, 0.2, 0.024, 0)
    exponents = np.arange(-20, 0, dtype=np.int32)
    shares = np.full(20, 0.04)
    histogram = MagnitudeHistogram(exponents, shares, zero=0.15, subnormal=0.0, inf=0.0, nan=0.05)
    fields = {
        "fqn": fqn,
        "step": step,
        "device": "cpu",
        "value": value,
        "gradient": gradient,
        "value_histogram": histogram,
        "gradient_histogram": histogram,
    }
    return TensorReport(**{**fields, **changes})
