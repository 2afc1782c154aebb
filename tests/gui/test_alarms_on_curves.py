"""Alarms are set from the curve that they watch, and stand on it where they rang."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMenu

from moduleview.gui.interventions.change_form import ChangeForm
from moduleview.gui.main_window import MainWindow
from moduleview.gui.panels.curves import CurvesPanel
from moduleview.gui.panels.loss import LossPanel
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.telemetry.changes_messages import AlarmRang, MakeChange
from moduleview.telemetry.commands import Run
from moduleview.telemetry.records import RunState
from real_window import open_in, real_window, wait
from toy_tasks import toy_task


@pytest.fixture
def window(tmp_path: Path) -> Iterator[MainWindow]:
    with real_window(tmp_path) as made:
        open_in(made, toy_task)
        wait(lambda: bool(made.contents.parts.session.store.books.changes.kinds), "the kinds of changes")
        yield made


def panel_called(window: MainWindow, name: str) -> CurvesPanel | LossPanel:
    window.contents.docks.bring_forward(name)
    panel = window.contents.docks.dock(name).panel
    assert isinstance(panel, CurvesPanel | LossPanel)
    return panel


def four_steps(window: MainWindow) -> None:
    session = window.contents.parts.session
    session.send(Run(n_steps=4))
    wait(lambda: session.store.run.state is RunState.PAUSED and session.store.run.step >= 4, "four steps")


def ring_at_once(window: MainWindow, quantity: str) -> AlarmRang:
    session = window.contents.parts.session
    rule = {"quantity": quantity, "when": "above", "limit": 1e-9, "then": "mark"}
    session.send(MakeChange(1, "alarm", "0", rule))
    wait(lambda: 1 in session.store.books.changes.answers, "the alarm")
    four_steps(window)
    (ring,) = session.store.books.changes.rings
    return ring


def is_drawn(window: MainWindow, chart: SeriesChart, at: QPointF) -> bool:
    seen = chart.grab().toImage().pixelColor(at.toPoint())
    return seen == QColor(window.contents.parts.theme.tokens.accent)


def test_ring_is_marked_at_its_step_on_its_own_curve_alone(window: MainWindow) -> None:
    contents, panel = window.contents, panel_called(window, "curves")
    store = contents.parts.session.store
    contents.selection.select_named(store.model, "0")
    ring = ring_at_once(window, "grad_norm")
    wait(lambda: bool(panel.alarms.places()), "the mark")
    (at,) = panel.alarms.places()
    assert round(panel._chart.step_under(at)) == ring.step
    assert 10 ** panel._chart.y_at(at) == pytest.approx(ring.value, rel=0.1)
    wait(lambda: is_drawn(window, panel._chart, at), "the mark to be drawn")
    contents.selection.select_named(store.model, "3")
    wait(lambda: not panel.alarms.places(), "the mark to go with its curve")


def test_alarm_on_the_loss_stands_on_the_loss_whatever_was_selected(window: MainWindow) -> None:
    panel = panel_called(window, "loss")
    ring = ring_at_once(window, "loss")
    assert (ring.fqn, ring.step) == ("", 0)
    wait(lambda: bool(panel.alarms.places()), "the mark")
    (at,) = panel.alarms.places()
    assert panel._chart.y_at(at) == pytest.approx(ring.value, rel=0.05)
    wait(lambda: is_drawn(window, panel._chart, at), "the mark to be drawn")


@pytest.mark.parametrize(("name", "quantity", "fqn"), [("curves", "grad_norm", "0"), ("loss", "loss", "")])
def test_menu_of_a_plot_sets_an_alarm_on_what_it_draws(window: MainWindow, name: str, quantity: str, fqn: str) -> None:
    contents, panel = window.contents, panel_called(window, name)
    store = contents.parts.session.store
    contents.selection.select_named(store.model, "0")
    four_steps(window)
    panel.refresh(store)
    menu = QMenu()
    panel._menu.fill(menu, None)
    next(action for action in menu.actions() if action.text() == "Set alarm...").trigger()
    form = next(one for one in window.findChildren(ChangeForm) if one.isVisible())
    assert next(one.value() for one in form.fields if one.field.name == "quantity") == quantity
    wait(lambda: not form._look.isActive(), "the form's fields")
    assert next(one.value() for one in form.fields if one.field.name == "quantity") == quantity
    form.apply_button.click()
    wait(lambda: bool(store.books.changes.entries), "the alarm")
    (entry,) = store.books.changes.entries.values()
    assert (entry.what.split(" is ")[0], entry.fqn) == (f"Alarm: pause when {quantity}{f' of {fqn}' * bool(fqn)}", fqn)
