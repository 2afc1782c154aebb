"""The profile over depth."""

from __future__ import annotations

import pytest
from plot_builders import Bench, make_bench, more_steps, run_store, show
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from moduleview.gui.panels.profile import ProfilePanel
from moduleview.gui.plots.profile_chart import ProfileChart


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    store = run_store(0)
    more_steps(store, 0.001, 101)
    more_steps(store, 1.0, 1)
    return make_bench(QObject(qapp), store)


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> ProfilePanel:
    panel = ProfilePanel(bench.context)
    show(qtbot, panel, 189, 340)
    return panel


def color_at(panel: ProfilePanel, decade: float, row: float) -> str:
    chart = panel.findChild(ProfileChart)
    image = chart.grab().toImage()
    return QColor(image.pixel(round(chart.x_px(decade)), round(chart.y_px(row)))).name()


def column_of_colors(panel: ProfilePanel, decade: float, top: float, bottom: float) -> set[str]:
    """Colours down a column of pixels, from one height in rows to another."""
    chart = panel.findChild(ProfileChart)
    image = chart.grab().toImage()
    x = round(chart.x_px(decade))
    return {QColor(image.pixel(x, y)).name() for y in range(round(chart.y_px(top)), round(chart.y_px(bottom)))}


def test_square_is_at_the_newest_step_and_the_line_reaches_a_hundred_back(panel: ProfilePanel, bench: Bench) -> None:
    tokens = bench.context.theme.tokens

    assert color_at(panel, 0.0, 0.5) == tokens.series[0].lower()
    assert len(column_of_colors(panel, -1.3, 0.3, 0.7)) == 2  # the panel, and a line across it
    assert column_of_colors(panel, -1.3, 0.7, 0.9) == {tokens.panel.lower()}


def test_square_follows_the_crosshair(panel: ProfilePanel, bench: Bench) -> None:
    bench.context.selection.set_crosshair(50)

    assert color_at(panel, -3.0, 0.5) == bench.context.theme.tokens.series[0].lower()
    assert color_at(panel, -0.01, 0.5) != bench.context.theme.tokens.series[0].lower()


def test_selected_rows_are_tinted(panel: ProfilePanel, bench: Bench) -> None:
    bench.context.selection.select("blocks.1")

    assert color_at(panel, -2.4, 2.2) == bench.context.theme.tokens.selection.lower()
    assert color_at(panel, -2.4, 1.2) == bench.context.theme.tokens.panel.lower()


def test_click_selects_the_module_of_the_row(panel: ProfilePanel, bench: Bench, qtbot: QtBot) -> None:
    chart = panel.findChild(ProfileChart)
    at = QPointF(chart.x_px(-2), chart.y_px(3.5)).toPoint()
    qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)

    assert bench.context.selection.fqn == "head"


def test_rows_opened_in_the_map_are_open_here(panel: ProfilePanel, bench: Bench) -> None:
    bench.context.axes.toggle_opened("blocks.0.lin")

    assert panel.findChild(ProfileChart).y_range == (6.0, 0.0)


def test_steps_that_were_sampled_away_show_the_last_one_that_was_measured(panel: ProfilePanel, bench: Bench) -> None:
    more_steps(bench.store, -1.0, 5)  # not measured
    panel.refresh(bench.store)

    assert panel._steps == (106, 6)
    assert color_at(panel, 0.0, 0.5) == bench.context.theme.tokens.series[0].lower()


def test_crosshair_on_a_step_that_is_only_in_the_archive_shows_its_largest_values(qtbot: QtBot, qapp: QObject) -> None:
    store = run_store(0)
    store._series._archive.raw.resize(1 + len(store.keys("grad_norm")), 64, (float("nan"),))
    more_steps(store, 0.001, 300)
    more_steps(store, 0.1, 200)
    bench = make_bench(QObject(qapp), store)
    panel = ProfilePanel(bench.context)
    show(qtbot, panel, 189, 340)
    bench.context.selection.set_crosshair(350)
    assert color_at(panel, -1.0, 0.5) == bench.context.theme.tokens.series[0].lower()
    bench.context.selection.set_crosshair(50)
    assert color_at(panel, -3.0, 0.5) == bench.context.theme.tokens.series[0].lower()


def test_without_a_step_it_says_so(qtbot: QtBot, qapp: QObject) -> None:
    panel = ProfilePanel(make_bench(QObject(qapp), run_store(0)).context)
    show(qtbot, panel)

    assert not panel.findChild(ProfileChart).isVisible()
