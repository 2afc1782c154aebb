"""A context for panels without a window, and a run to draw."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from builders import add_steps, declare_gradients, opened_store
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import Panel, PanelContext
from moduleview.gui.selection import Selection
from moduleview.gui.shared_axes import SharedAxes
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store import SeriesStore


@dataclass
class Bench:
    """A context, and the actions that were asked for."""

    store: SeriesStore
    context: PanelContext
    actions: list[str] = field(default_factory=list)


def make_bench(parent: QObject, store: SeriesStore) -> Bench:
    """A context over a store."""
    actions: list[str] = []
    context = PanelContext(
        store,
        Selection(parent),
        Theme(parent),
        GradientScale(parent),
        lambda: Capability.CONTROL,
        lambda _command: None,
        actions.append,
        lambda _text: None,
        SharedAxes(parent),
    )
    return Bench(store, context, actions)


def run_store(n_steps: int = 60, seed: int = 0, snapshot: ModelSnapshot | None = None) -> SeriesStore:
    """The small model, or another one, with so many steps of gradients around 1e-2."""
    store = opened_store(snapshot)
    n = len(declare_gradients(store))
    if n_steps:
        add_steps(store, 10 ** np.random.default_rng(seed).normal(-2, 0.3, (n_steps, n)))
    return store


def more_steps(store: SeriesStore, norms: np.ndarray | float, n_steps: int = 1) -> None:
    """Append steps in which every series has these norms."""
    n = len(store.keys("grad_norm")) + 1
    last = -1 if store.last_step is None else store.last_step
    add_steps(store, np.broadcast_to(np.asarray(norms, dtype=np.float64), (n_steps, n)), last + 1)


def show(qtbot: QtBot, panel: Panel, width: int = 600, height: int = 340) -> None:
    """Show a panel as a window of its own and draw it."""
    qtbot.addWidget(panel)
    panel.resize(width, height)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.refresh(panel.context.store)
