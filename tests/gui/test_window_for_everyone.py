"""The window without a mouse, without eyes, and in a longer language."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QLabel,
    QLineEdit,
    QTabBar,
    QToolButton,
    QWidget,
)
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui.panels
from builders import declare_gradients
from moduleview.gui.panel import Panel
from moduleview.registry import discover
from moduleview.telemetry.records import Finding, FindingsReported, Severity, StepRecord, Tier

FINDING = Finding("S1", Tier.FACT, Severity.ERROR, "Not registered", "head", "rule", ("a = 1",), "do")
_LONGER = 0.4


class LongerLanguage(QTranslator):
    """Every text 40 % longer, as a translation may be."""

    def translate(self, _context, source, _disambiguation=None, _n=-1):
        return source + "~" * math.ceil(len(source) * _LONGER)

    def isEmpty(self):
        return False


@pytest.fixture
def make_window(qtbot, tmp_path):
    def make():
        window = make_test_window(qtbot, tmp_path, panels=discover(moduleview.gui.panels, Panel))
        window.resize(1280, 800)
        source = ScriptedSource()
        with qtbot.waitExposed(window):
            window.show()
        open_in(window, source)
        with qtbot.waitSignal(window.contents.docks.settled):
            pass
        keys = declare_gradients(window.contents.parts.session.store)
        series = np.arange(len(keys), dtype=np.int32)
        for step in range(20):
            values = np.full(len(keys), 0.1, dtype=np.float32)
            source.records.append(StepRecord(0, step, step * 0.01, series, values))
        source.records.append(FindingsReported((FINDING,), 3))
        window.contents.clock.tick()
        window.contents.selection.select("blocks.0")
        window.contents.clock.tick()
        return window

    return make


@pytest.fixture
def longer_language(qapp):
    translator = LongerLanguage()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def named(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
    return widget.accessibleName() or text


def of_ours(widget: QWidget) -> bool:
    """Not a part that Qt puts into another widget, which speaks for it."""
    parent = widget.parentWidget()
    is_part = widget.objectName().startswith("qt_") or isinstance(parent, QLineEdit)
    is_viewport = isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget
    is_popup = parent is not None and parent.metaObject().className().startswith("QComboBox")
    return not is_part and not is_viewport and not is_popup


def test_what_can_have_the_focus_has_a_name_to_be_read_out(make_window):
    window = make_window()
    focusable = [w for w in window.findChildren(QWidget) if w.focusPolicy() != Qt.FocusPolicy.NoFocus]
    focusable = [w for w in focusable if of_ours(w) and not w.isHidden()]

    assert len(focusable) > 30
    nameless = [
        f"{type(w).__name__} {w.objectName()} in {type(w.parentWidget()).__name__}" for w in focusable if not named(w)
    ]
    assert not nameless, "\n".join(nameless)


def test_buttons_can_be_reached_by_the_keyboard_and_say_what_they_do(make_window):
    window = make_window()
    buttons = [b for b in window.findChildren(QAbstractButton) if b.isVisible() and of_ours(b)]
    buttons = [b for b in buttons if not isinstance(b.parentWidget(), QTabBar)]

    assert len(buttons) > 20
    unreachable = [
        f"{named(b)} {type(b).__name__} in {type(b.parentWidget()).__name__}"
        for b in buttons
        if not b.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert not unreachable, unreachable
    silent = [b.objectName() or type(b).__name__ for b in buttons if not b.text() and not b.toolTip()]
    assert not silent, silent


def test_every_menu_opens_by_a_letter_of_its_own(make_window):
    titles = [action.text() for action in make_window().menuBar().actions()]
    letters = [title[title.index("&") + 1].casefold() for title in titles]

    assert len(set(letters)) == len(titles) == 7


def test_nothing_is_cut_when_every_text_is_longer(longer_language, make_window):
    window = make_window()
    extension = window.contents.toolbar.findChild(QToolButton, "qt_toolbar_ext_button")

    assert window.windowTitle().endswith("~")
    assert extension is None or not extension.isVisible(), "the toolbar hides some of its buttons"
    for button in window.findChildren(QAbstractButton):
        is_in_sight = not button.visibleRegion().isEmpty()  # what lies behind a tab has no size yet
        if is_in_sight and button.text() and of_ours(button):
            assert button.width() >= button.minimumSizeHint().width(), button.text()
    for bar in window.findChildren(QTabBar):
        assert bar.elideMode() == Qt.TextElideMode.ElideNone, bar.accessibleName()


@pytest.mark.parametrize("zoom", [0.75, 1.5])
def test_every_text_of_the_toolbar_follows_the_zoom(make_window, zoom):
    window = make_window()
    window.contents.parts.theme.set_zoom(zoom)
    window.contents.clock.tick()
    texts = [
        w
        for w in window.contents.toolbar.findChildren(QLabel) + window.contents.toolbar.findChildren(QLineEdit)
        if w.text()
    ]

    assert len(texts) > 5
    wanted = {window.contents.parts.theme.ui_font(size).pixelSize() for size in (11, 12)}
    assert {w.font().pixelSize() for w in texts} <= wanted, [(w.text(), w.font().pixelSize()) for w in texts]


def test_keys_go_round_all_panels_that_can_be_seen(make_window):
    window = make_window()
    shown = {dock.objectName() for dock in window.contents.docks.docks if dock.is_shown}
    window.activateWindow()

    def walk(action_id):
        for _ in range(len(shown)):
            window.contents.actions.run(action_id)
            focus = QApplication.focusWidget()
            yield next(dock.objectName() for dock in window.contents.docks.docks if dock.isAncestorOf(focus))

    there, back = list(walk("view.next_panel")), list(walk("view.previous_panel"))
    assert len(shown) >= 4
    assert set(there) == shown
    assert back == [*reversed(there[:-1]), there[-1]]
