"""Panels behind a tab: left alone while nobody sees them, and up to date when they come forward."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot
from scripted_source import ScriptedSource, make_test_window, open_in

from moduleview.gui.docking.docks import Docks
from moduleview.gui.main_window import MainWindow
from moduleview.gui.panel import Panel
from moduleview.gui.panels.curves import CurvesPanel
from moduleview.gui.panels.gradient_map import GradientMapPanel
from moduleview.gui.panels.inspector import InspectorPanel
from moduleview.gui.panels.loss import LossPanel
from moduleview.gui.panels.profile import ProfilePanel
from moduleview.gui.plots.legend import Legend
from moduleview.gui.plots.profile_chart import ProfileChart
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.telemetry.commands import CountHooks
from moduleview.telemetry.records import SeriesDeclared, SeriesKey, StepRecord


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    panels = (GradientMapPanel, CurvesPanel, LossPanel, ProfilePanel)
    window = make_test_window(qtbot, tmp_path, panels=panels)
    window.resize(1280, 800)
    window.show()
    source = ScriptedSource()
    open_in(window, source)
    store = window.contents.parts.session.store
    keys = (SeriesKey("loss"), *(SeriesKey("grad_norm", fqn) for fqn in store.model.tensor_fqns))
    store.apply(SeriesDeclared(0, keys))
    for step in range(120):
        values = np.full(len(keys), 0.01 * (1 + step % 7), dtype=np.float32)
        store.apply(StepRecord(0, step, 0.01 * step, np.arange(len(keys), dtype=np.int32), values))
    yield window
    window.contents.parts.session.close(0.0)


def bring_forward(qtbot: QtBot, docks: Docks, panel_id: str) -> None:
    docks.bring_forward(panel_id)
    qtbot.waitUntil(lambda: docks.dock(panel_id).is_shown and docks.dock(panel_id).panel.is_in_sight)


def drawn(panel: Panel) -> list[str]:
    calls: list[str] = []
    refresh = panel.refresh
    panel.refresh = lambda store: (calls.append(panel.panel_id), refresh(store))[1]  # type: ignore[method-assign]
    return calls


def colors_in(chart: SeriesChart) -> set[str]:
    image, area = chart.grab().toImage(), chart.area.toRect()
    middle = area.center().x()
    return {QColor(image.pixel(middle, y)).name() for y in range(area.top(), area.bottom())}


def test_curves_behind_the_loss_follow_the_selection_once_they_come_forward(qtbot: QtBot, window: MainWindow) -> None:
    contents = window.contents
    docks, selection = contents.docks, contents.selection
    bring_forward(qtbot, docks, "curves")
    curves = docks.dock("curves").panel
    bring_forward(qtbot, docks, "loss")
    qtbot.waitUntil(lambda: not curves.is_in_sight)
    assert curves.isVisible()
    calls = drawn(curves)
    selection.select("head")
    selection.set_crosshair(50)
    assert not calls

    bring_forward(qtbot, docks, "curves")
    legend = curves.findChild(Legend)
    qtbot.waitUntil(lambda: [row.text for row in legend.model.rows] == ["head", "head"])
    assert legend.model.rows[1].value == "2.0e-2"  # 50 % 7 is 1
    selection.set_crosshair(None)
    bring_forward(qtbot, docks, "loss")
    selection.set_crosshair(51)
    bring_forward(qtbot, docks, "curves")
    qtbot.waitUntil(lambda: legend.model.rows[1].value == "3.0e-2")


def test_loss_and_profile_take_the_steps_and_the_theme_that_changed_behind_a_tab(
    qtbot: QtBot, window: MainWindow
) -> None:
    contents = window.contents
    docks, axes, theme = contents.docks, contents.context.axes, contents.parts.theme
    for panel_id in ("profile", "loss", "curves"):
        bring_forward(qtbot, docks, panel_id)
    loss, profile = docks.dock("loss").panel, docks.dock("profile").panel
    qtbot.waitUntil(lambda: not loss.is_in_sight and not profile.is_in_sight)
    calls = [drawn(loss), drawn(profile)]
    axes.show_steps(20.0, 60.0)
    axes.show_rows((0.0, 2.0))
    contents.selection.set_crosshair(30)
    assert calls == [[], []]

    bring_forward(qtbot, docks, "loss")
    qtbot.waitUntil(lambda: loss.findChild(SeriesChart).x_range == axes.steps)
    bring_forward(qtbot, docks, "profile")
    qtbot.waitUntil(lambda: profile.findChild(ProfileChart).y_range == (2.0, 0.0))
    theme.set_dark(True)
    bring_forward(qtbot, docks, "loss")
    qtbot.waitUntil(lambda: theme.tokens.series[0].lower() in colors_in(loss.findChild(SeriesChart)))


def test_inspector_behind_another_tab_neither_follows_the_selection_nor_counts_hooks(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window = make_test_window(qtbot, tmp_path, panels=(CurvesPanel, InspectorPanel))
    window.resize(1280, 800)
    window.show()
    source = ScriptedSource()
    open_in(window, source)
    contents = window.contents
    docks, selection = contents.docks, contents.selection
    inspector = docks.dock("inspector").panel
    docks.tabifyDockWidget(docks.dock("curves"), docks.dock("inspector"))
    bring_forward(qtbot, docks, "inspector")
    selection.select("head")
    inspector.tabs.setCurrentWidget(inspector.hooks)
    qtbot.waitUntil(lambda: CountHooks("head", True) in source.commands)
    bring_forward(qtbot, docks, "curves")
    qtbot.waitUntil(lambda: CountHooks("head", False) in source.commands)
    n_sent = len(source.commands)
    selection.select("embed")
    assert inspector.hooks.model.fqn == "head"
    assert source.commands[n_sent:] == []

    bring_forward(qtbot, docks, "inspector")
    qtbot.waitUntil(lambda: inspector.hooks.model.fqn == "embed")
    qtbot.waitUntil(lambda: CountHooks("embed", True) in source.commands)
    window.contents.parts.session.close(0.0)
