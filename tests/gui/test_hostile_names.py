"""Fault row 75 in the window: names that hold markup, bidirectional or terminal codes, or 100 000 letters."""

import pytest
from inspector_parts import EVERYTHING
from PySide6.QtCore import QAbstractListModel, Qt
from PySide6.QtGui import Qt as TextQt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLabel, QWidget
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui.panels
from builders import snapshot_of, task_info
from moduleview.gui.panel import Panel
from moduleview.registry import discover
from moduleview.telemetry.records import (
    Finding,
    FindingsReported,
    LogLine,
    ModelOpened,
    RunChanged,
    RunState,
    Severity,
    Tier,
)

PANELS = discover(moduleview.gui.panels, Panel)
NAMES = {
    "markup": "<b>bold</b><img src='x'><script>",
    "bidi": "mod\u202eelpy",
    "terminal": "\x1b[31mred\x1b[0m\x07",
    "line breaks": "one\ntwo\r\nthree\u2028four",
    "marks": "e" + "\u0301" * 400,
    "huge": "x" * 100_000,
}
WIDEST_PX = 2000  # 200 letters of a crumb, which its bar cuts off
FORBIDDEN = set("\u202e\x1b\x07\n\r\u2028")


@pytest.fixture(params=NAMES, ids=lambda name: name.replace(" ", "_"))
def hostile(request):
    return NAMES[request.param]


@pytest.fixture
def window(qtbot, tmp_path, hostile):
    window = make_test_window(qtbot, tmp_path, panels=PANELS)
    window.resize(1280, 800)
    window.show()
    source = ScriptedSource()
    source.capabilities = EVERYTHING
    weight = ((hostile, (4, 4)),)
    spec = (("", hostile, ()), (hostile, hostile, weight), (f"{hostile}.inner", "Linear", (("weight", (4, 4)),)))
    finding = Finding("T1", Tier.FACT, Severity.WARNING, hostile, hostile, hostile, (hostile,), hostile, step=None)
    source.records.extend(
        (
            ModelOpened(snapshot_of(spec), task_info(title=hostile, origin=hostile)),
            RunChanged(RunState.READY),
            FindingsReported((finding,), 1),
            LogLine(0.0, "stdout", hostile),
        )
    )
    open_in(window, source)
    for fqn in (f"{hostile}.inner", hostile):
        window.contents.selection.select(fqn, tensor_fqn=f"{hostile}.{hostile}" if fqn == hostile else None)
        for dock in window.contents.docks.docks:
            window.contents.docks.bring_forward(dock.objectName())
            window.contents.redraw()
            window.contents.clock.tick()
            QApplication.processEvents()
    return window


def test_nothing_is_read_as_markup(window):
    labels = [label for label in window.findChildren(QLabel) if "<" in label.text()]
    rich = [
        label.objectName() or label.text()[:80] for label in labels if label.textFormat() is not Qt.TextFormat.PlainText
    ]
    assert not rich
    tips = [widget.toolTip() for widget in window.findChildren(QLabel)] + cells(window, Qt.ItemDataRole.ToolTipRole)
    assert not [tip[:80] for tip in tips if TextQt.mightBeRichText(tip) and not is_escaped(tip)]


def test_hidden_characters_are_written_out(window):
    shown = cells(window, Qt.ItemDataRole.DisplayRole)
    shown += [label.text() for label in window.findChildren(QLabel)]
    shown += [button.text() for button in window.findChildren(QAbstractButton)]
    lines = [text for text in shown if FORBIDDEN & set(text.replace("\n", ""))]
    assert not [line[:80] for line in lines]


def test_window_keeps_its_size_and_stays_quick(window):
    assert (window.width(), window.height()) == (1280, 800)
    assert window.minimumSizeHint().width() <= 1280
    wide = [
        (dock.objectName(), widget.metaObject().className(), widget.objectName(), widget.width())
        for dock in window.contents.docks.docks
        for widget in dock.findChildren(QWidget)
        if widget.isVisible() and widget.width() > WIDEST_PX
    ]
    assert not wide


def test_title_and_tooltips_are_bounded(window):
    texts = [window.windowTitle(), window.contents.title.text(), *cells(window, Qt.ItemDataRole.DisplayRole)]
    texts += [w.toolTip() for w in window.findChildren(QLabel)] + cells(window, Qt.ItemDataRole.ToolTipRole)
    texts += [label.text() for label in window.findChildren(QLabel)]
    assert not [(len(text), text[:40], text[-80:]) for text in texts if len(text) > 5000]


def is_escaped(tip):
    """The one paragraph around it is ours, and there is no other tag in it."""
    return tip.startswith("<p style='white-space:pre-wrap'>") and tip.count("<") == 2


def cells(window, role):
    """What all tables, trees and lists say in a role."""
    said = []
    for view in window.findChildren(QAbstractItemView):
        model = view.model()
        if model is None:
            continue
        n_columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
        said += [
            model.index(row, column).data(role)
            for row in range(min(model.rowCount(), 50))
            for column in range(n_columns)
        ]
    return [text for text in said if isinstance(text, str)]
