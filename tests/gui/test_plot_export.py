"""Pictures and data of plots as files, and what is said when they cannot be written."""

from __future__ import annotations

import csv
import gc
import resource
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from plot_builders import Bench, make_bench, run_store, show
from PySide6.QtCore import QByteArray, QObject, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QProgressDialog,
    QScrollBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import delete, isValid

from builders import add_steps, declare_gradients, opened_store, snapshot_of, task_info
from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.panel import Panel
from moduleview.gui.panels.curves import CurvesPanel
from moduleview.gui.panels.gradient_map import GradientMapPanel
from moduleview.gui.panels.loss import LossPanel
from moduleview.gui.panels.profile import ProfilePanel
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.chart_with_legend import ChartWithLegend
from moduleview.gui.plots.export.file_writing import FileWriting
from moduleview.gui.plots.export.picture import PictureFormat, picture_bytes
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.export.series_csv import series_csv
from moduleview.telemetry.records import ModelOpened, SeriesDeclared, SeriesKey
from moduleview.telemetry.store import SeriesStore

PANELS = (GradientMapPanel, CurvesPanel, ProfilePanel, LossPanel)


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    return make_bench(QObject(qapp), run_store())


def shown(bench: Bench, qtbot: QtBot, kind: type[Panel]) -> Panel:
    panel = kind(bench.context)
    show(qtbot, panel, 500, 300)
    bench.context.selection.select("blocks")
    panel.refresh(bench.store)
    return panel


def answer_with(qtbot: QtBot, path: Path) -> None:
    """Take this path in the file dialog, and leave it."""
    dialog = asking()
    dialog.selectFile(str(path))
    dialog.accept()
    qtbot.waitUntil(lambda: not isValid(dialog))


def asking() -> QFileDialog:
    """The file dialog that is open."""
    (dialog,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog) and w.isVisible()]
    return dialog


def menu_of(panel: Panel) -> QMenu:
    """The one in the dock's title, open."""
    (button,) = [c for c in panel.title_controls() if isinstance(c, QToolButton) and c.menu() is not None]
    menu = button.menu()
    menu.aboutToShow.emit()
    return menu


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text() and not action.isSeparator()]


def choose(menu: QMenu, text: str) -> None:
    (action,) = [action for action in menu.actions() if action.text() == text]
    action.trigger()


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")
@pytest.mark.parametrize("kind", PANELS)
def test_every_plot_offers_its_picture_and_data_in_title_and_context_menu(
    bench: Bench, qtbot: QtBot, kind: type[Panel]
) -> None:
    panel = shown(bench, qtbot, kind)
    kinds = ("PNG", "PNG, 2 × as large", "PNG, 4 × as large", "SVG", "PDF")
    wanted = [*(f"Save picture as {kind}..." for kind in kinds), "Save data as CSV, every step..."]
    assert texts(menu_of(panel))[-6:] == wanted
    canvas = panel.findChild(Canvas)
    assert canvas is not None
    canvas.customContextMenuRequested.emit(canvas.rect().center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert texts(menu)[-6:] == wanted
    menu.close()


@pytest.mark.parametrize("kind", PANELS)
def test_right_click_opens_nothing_of_pyqtgraph(bench: Bench, qtbot: QtBot, kind: type[Panel]) -> None:
    canvas = shown(bench, qtbot, kind).findChild(Canvas)
    assert canvas is not None
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.RightButton, pos=canvas.area.center().toPoint())
    entries = [text for menu in canvas.findChildren(QMenu) for text in texts(menu)]
    scene_menus = [action.text() for action in canvas.sceneObj.contextMenu]
    assert not any("View All" in text or "Mouse Mode" in text for text in entries)
    assert "Export..." not in entries, scene_menus


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_png_has_the_pixels_of_its_scale(bench: Bench, qtbot: QtBot, scale: int) -> None:
    panel = shown(bench, qtbot, CurvesPanel)
    image = QImage.fromData(picture_bytes(panel, PictureFormat.PNG, scale), "PNG")
    assert (image.width(), image.height()) == (500 * scale, 300 * scale)
    once = panel.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    again = image.scaled(once.size()).convertToFormat(QImage.Format.Format_RGB32)
    if scale == 1:
        assert again == once
    lines = [bench.context.theme.tokens.series[at].lower() for at in (0, 1)]
    pixels = np.unique(np.frombuffer(image.constBits(), np.uint32) & 0xFFFFFF)
    colors = {f"#{pixel:06x}" for pixel in pixels.tolist()}
    assert set(lines) <= colors


@pytest.mark.parametrize("kind", PANELS)
def test_svg_shows_what_is_on_the_screen(bench: Bench, qtbot: QtBot, kind: type[Panel]) -> None:
    panel = shown(bench, qtbot, kind).findChild(ChartWithLegend if kind is CurvesPanel else Canvas)
    written = picture_bytes(panel, PictureFormat.SVG)
    drawn = QImage(panel.size(), QImage.Format.Format_RGB32)
    drawn.fill(Qt.GlobalColor.white)
    renderer, painter = QSvgRenderer(QByteArray(written)), QPainter(drawn)
    assert renderer.isValid()
    renderer.render(painter)
    painter.end()
    screen = panel.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    a, b = (np.frombuffer(image.constBits(), np.uint8).reshape(300, 500, 4).astype(int) for image in (drawn, screen))
    assert (np.abs(a - b).max(axis=2) > 64).mean() < 0.06  # text and lines are smoothed there
    assert b"<text" in written


def test_scroll_bars_are_not_in_the_picture(qtbot: QtBot, qapp: QObject) -> None:
    layers = [(f"l{at}", "Linear", (("weight", (2, 2)),)) for at in range(500)]
    bench = make_bench(QObject(qapp), run_store(400, snapshot=snapshot_of([("", "Net", ()), *layers])))
    panel = shown(bench, qtbot, GradientMapPanel)
    canvas = panel.findChild(Canvas)
    bars = [bar for bar in canvas.findChildren(QScrollBar) if bar.isVisible()]
    assert len(bars) == 2
    written = PlotExport(bench.context, canvas, "map", lambda: iter(()))._draw(PictureFormat.PNG, 1)
    image = QImage.fromData(written, "PNG")
    for bar in bars:
        inside = bar.geometry().adjusted(1, 1, -1, -1)
        colors = {image.pixel(x, inside.center().y()) for x in range(inside.left(), inside.right())}
        assert colors == {QColor(canvas.theme.tokens.panel).rgb()}
        assert bar.isVisible()


def test_svg_draws_nothing_of_the_data_beside_their_area(qtbot: QtBot, qapp: QObject) -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    store._series._archive.raw.resize(n, 64, (np.nan,))
    add_steps(store, 10.0 ** np.random.default_rng(0).normal(-2, 1, (5000, n)))  # old ones in groups of 16
    bench = make_bench(QObject(qapp), store)
    panel = shown(bench, qtbot, CurvesPanel)
    bench.context.axes.show_steps(1000.0, 1010.0)
    chart = panel.findChild(Canvas)
    image = QImage(chart.size(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    written = PlotExport(bench.context, chart, "curves", lambda: iter(()))._draw(PictureFormat.SVG, 1)
    QSvgRenderer(QByteArray(written)).render(painter)
    painter.end()
    strip = image.copy(0, 0, round(chart.area.left()) - 12, image.height()).convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(strip.constBits(), np.uint8).reshape(strip.height(), -1, 4)[:, :, :3].astype(int)
    assert (pixels.max(axis=2) - pixels.min(axis=2)).max() < 30, "no colour of a line among the labels"
    inside = QColor(image.pixel(chart.area.center().toPoint()))
    assert inside != QColor(chart.theme.tokens.panel)


def test_pdf_is_one_page_of_the_plots_size(bench: Bench, qtbot: QtBot) -> None:
    written = picture_bytes(shown(bench, qtbot, CurvesPanel), PictureFormat.PDF)
    assert written.startswith(b"%PDF-")
    assert b"/MediaBox [0 0 375" in written  # 500 px of 1/96 inch
    assert written.count(b"/Type /Page\n") + written.count(b"/Type /Page ") <= 1


def parsed(pieces: Iterator[str]) -> tuple[list[str], list[dict[str, str]]]:
    """The comment lines, and the table."""
    lines = "".join(pieces).splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def odd_store(n_steps: int, raw_rows: int | None = None) -> tuple[SeriesStore, np.ndarray]:
    store = opened_store()
    n = len(declare_gradients(store))
    if raw_rows is not None:
        store._series._archive.raw.resize(n, raw_rows, (np.nan,))
    values = (10.0 ** np.random.default_rng(3).normal(-2, 1, (n_steps, n))).astype(np.float32)
    values[5, 1], values[6, 1], values[7, 1], values[8, 1] = np.nan, np.inf, -np.inf, -1.0  # -1: not measured
    values[9, 1] = np.float32(1e-45)
    add_steps(store, values)
    return store, values


def test_csv_gives_every_value_back_bit_by_bit() -> None:
    store, values = odd_store(200)
    comments, rows = parsed(series_csv(store, store.keys("grad_norm"), "gradient norm"))
    assert comments[0] == "# gradient norm"
    assert [int(row["step"]) for row in rows] == list(range(200))
    assert [float(row["time_s"]) for row in rows] == pytest.approx(np.arange(200) * 0.01)
    assert {row["row"] for row in rows} == {"value"}
    assert rows[8]["grad_norm embed.weight"] == ""
    for column, key in enumerate(store.keys("grad_norm"), start=1):
        cells = [row[f"grad_norm {key.fqn}"] for row in rows]
        read = np.array([float(cell) if cell else -1.0 for cell in cells], dtype=np.float32)
        np.testing.assert_array_equal(read, values[:, column])


def test_csv_says_the_extremes_of_what_is_no_longer_kept_step_by_step() -> None:
    store, values = odd_store(10_000, raw_rows=64)
    comments, rows = parsed(series_csv(store, (SeriesKey("grad_norm", "embed.weight"),), "gradient norm"))
    column = "grad_norm embed.weight"
    assert f"# every step is kept from step {10_000 - 64} on" in comments
    exact = [row for row in rows if row["row"] == "value"]
    assert [int(row["step"]) for row in exact] == list(range(10_000 - 64, 10_000))
    least, largest = ([row for row in rows if row["row"] == kind] for kind in ("least", "largest"))
    ends = 0
    for low, high in zip(least, largest, strict=True):
        begin, n_steps = int(low["step"]), int(low["n_steps"])
        assert begin == ends
        ends = begin + n_steps
        inside = values[begin : min(ends, 10_000 - 64), 1]
        inside = inside[np.isfinite(inside) & (inside != -1)]
        assert float(low[column]) <= inside.min()
        assert float(high[column]) >= inside.max()
    assert ends >= 10_000 - 64
    assert [int(row["step"]) for row in rows if row["row"] == "not finite"] == [0]


def test_csv_has_each_step_once_though_the_oldest_leave_the_store_while_it_is_written() -> None:
    store, _values = odd_store(3000, raw_rows=2000)
    keys = store.keys("grad_norm")
    pieces = series_csv(store, keys, "gradient norm")
    text = [next(pieces) for _ in range(3)]
    add_steps(store, np.full((1500, len(keys) + 1), 0.5), 3000)
    _comments, rows = parsed(iter([*text, *pieces]))
    places = [(int(row["step"]), int(row["n_steps"])) for row in rows if row["row"] in ("value", "largest")]
    for (begin, n_steps), (then, _n) in pairwise(places):
        assert begin < then <= begin + n_steps
    assert places[-1][0] == 2999


def test_no_piece_of_many_series_holds_the_window_for_long() -> None:
    layers = [(f"l{at}", "Linear", (("weight", (2, 2)),)) for at in range(10_000)]
    store = opened_store(snapshot_of([("", "Net", ()), *layers]))
    n = len(declare_gradients(store))
    store._series._archive.raw.resize(n, 64, (np.nan,))
    add_steps(store, np.full((200, n), 0.5))
    pieces = list(series_csv(store, store.keys("grad_norm"), "gradient norm"))
    longest = max(pieces[1:], key=len)
    assert longest.count(",") <= 2 * 2 * 10_003  # two groups with two lines each
    assert sum(piece.count("\n") for piece in pieces) == 6 + 9 * 2 + 64


def test_series_of_several_ranks_have_columns_of_their_own() -> None:
    store = opened_store()
    keys = (SeriesKey("loss"), SeriesKey("loss", rank=1))
    store.apply(SeriesDeclared(0, keys))
    add_steps(store, np.array([[1.0, 2.0]]))
    _comments, rows = parsed(series_csv(store, keys, "loss"))
    assert (rows[0]["loss rank 0"], rows[0]["loss rank 1"]) == ("1.0", "2.0")


def test_profile_gives_its_norms_at_both_steps(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    add_steps(bench.store, np.full((60, 7), 3.0), 60)
    panel = shown(bench, qtbot, ProfilePanel)
    choose(menu_of(panel), "Save data as CSV, every step...")
    answer_with(qtbot, tmp_path / "profile")
    qtbot.waitUntil((tmp_path / "profile.csv").exists)
    rows = list(csv.DictReader((tmp_path / "profile.csv").read_text().splitlines()))
    assert [row["module"] for row in rows] == ["embed", "blocks.0.lin", "blocks.1.lin", "head"]
    assert float(rows[0]["gradient norm (L2) at step 119"]) == pytest.approx(3.0)
    assert "gradient norm (L2) at step 19" in rows[0]


def test_chosen_file_is_written_and_said(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    panel = shown(bench, qtbot, LossPanel)
    choose(menu_of(panel), "Save data as CSV, every step...")
    assert Path(asking().selectedFiles()[0]).name == "loss.csv"
    answer_with(qtbot, tmp_path / "mine.csv")
    qtbot.waitUntil((tmp_path / "mine.csv").exists)
    _comments, rows = parsed(iter([(tmp_path / "mine.csv").read_text()]))
    assert len(rows) == 60
    choose(menu_of(panel), "Save picture as PNG, 2 × as large...")
    answer_with(qtbot, tmp_path / "picture")
    qtbot.waitUntil((tmp_path / "picture.png").exists)
    assert QImage(str(tmp_path / "picture.png")).width() == 2 * panel.findChild(Canvas).width()


def test_dialog_that_is_cancelled_writes_nothing(bench: Bench, qtbot: QtBot) -> None:
    panel = shown(bench, qtbot, LossPanel)
    choose(menu_of(panel), "Save picture as SVG...")
    dialog = asking()
    dialog.reject()
    qtbot.waitUntil(lambda: not isValid(dialog))
    assert panel.findChildren(FileWriting) == []


@pytest.mark.parametrize("is_written_over", [True, False])
def test_file_that_is_there_is_asked_for_though_its_ending_was_not_typed(
    bench: Bench, qtbot: QtBot, tmp_path: Path, is_written_over: bool
) -> None:
    panel = shown(bench, qtbot, LossPanel)
    there = tmp_path / "loss.csv"
    there.write_text("what was there")
    choose(menu_of(panel), "Save data as CSV, every step...")
    asked: list[str] = []

    def answer() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        kind = QMessageBox.StandardButton.Yes if is_written_over else QMessageBox.StandardButton.No
        box.button(kind).click()

    dialog = asking()
    dialog.selectFile(str(tmp_path / "loss"))
    QTimer.singleShot(0, panel, answer)
    dialog.accept()
    assert len(asked) == 1
    assert "loss.csv" in asked[0]
    dialog.reject()
    qtbot.waitUntil(lambda: not isValid(dialog))
    if is_written_over:
        qtbot.waitUntil(lambda: there.read_text().startswith("# Loss"))
    assert there.read_text().startswith("# Loss" if is_written_over else "what was there")


def test_picture_is_of_the_moment_it_was_asked_for_though_the_model_is_closed_meanwhile(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = shown(bench, qtbot, GradientMapPanel)
    canvas = panel.findChild(Canvas)
    canvas.clearFocus()  # its frame is not in the file
    wanted = QImage.fromData(picture_bytes(canvas, PictureFormat.PNG), "PNG")
    choose(menu_of(panel), "Save picture as PNG...")
    bench.store.forget_model()
    panel.refresh(bench.store)
    answer_with(qtbot, tmp_path / "map")
    qtbot.waitUntil((tmp_path / "map.png").exists)
    assert QImage(str(tmp_path / "map.png")) == wanted


def test_data_of_a_model_that_was_closed_meanwhile_is_not_written_and_it_is_said(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = shown(bench, qtbot, CurvesPanel)
    choose(menu_of(panel), "Save data as CSV, every step...")
    bench.store.forget_model()
    panel.refresh(bench.store)
    answer_with(qtbot, tmp_path / "curves")
    text = said(qtbot)
    assert "curves.csv was not written" in text
    assert "The run is gone" in text
    assert list(tmp_path.glob("curves*")) == []


def test_another_run_that_begins_meanwhile_does_not_get_into_the_file(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = shown(bench, qtbot, LossPanel)
    pieces = series_csv(bench.store, bench.store.keys("loss"), "loss")

    def begin_anew() -> Iterator[str]:
        yield next(pieces)
        bench.store.apply(ModelOpened(snapshot_of(), task_info()))
        declare_gradients(bench.store)
        add_steps(bench.store, np.full((20, 7), 7.0))
        yield from pieces

    PlotExport(bench.context, panel, "loss", begin_anew).save_csv()
    answer_with(qtbot, tmp_path / "loss")
    assert "or another one began" in said(qtbot)
    assert list(tmp_path.glob("loss*")) == []


def test_without_a_step_there_is_no_data_and_it_is_said(qtbot: QtBot, qapp: QObject) -> None:
    panel = LossPanel(make_bench(QObject(qapp), run_store(0)).context)
    show(qtbot, panel)
    action = menu_of(panel).actions()[-1]
    assert not action.isEnabled()
    assert "no step was made yet" in action.text()


@pytest.fixture
def small_files() -> Iterator[None]:
    """The disk takes no more than 4 KB a file, as if it were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def said(qtbot: QtBot) -> str:
    """Everything in the error dialog, once it is there."""

    def dialogs() -> list[ErrorDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, ErrorDialog) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(dialogs()))
    return " ".join(label.text() for label in dialogs()[0].findChildren(QLabel))


def test_full_disk_leaves_the_file_before_and_says_what_to_do(
    bench: Bench, qtbot: QtBot, tmp_path: Path, small_files: None
) -> None:
    panel = shown(bench, qtbot, GradientMapPanel)
    path = tmp_path / "map.csv"
    path.write_text("what was there")
    choose(menu_of(panel), "Save data as CSV, every step...")
    dialog = asking()
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    answer_with(qtbot, path)
    text = said(qtbot)
    assert "map.csv could not be written: File too large" in text
    assert "Choose another folder, or make room there" in text
    assert path.read_text() == "what was there"
    assert list(tmp_path.glob("map*")) == [path]


def test_folder_that_cannot_be_written_to_is_named(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    panel = shown(bench, qtbot, LossPanel)
    choose(menu_of(panel), "Save picture as PDF...")
    asking().fileSelected.emit(str(tmp_path / "nowhere" / "loss.pdf"))  # it was there when it was chosen
    text = said(qtbot)
    assert "loss.pdf could not be written" in text
    assert str(tmp_path / "nowhere") in text


def test_export_that_is_cancelled_leaves_nothing(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    panel = shown(bench, qtbot, LossPanel)
    writing = FileWriting(str(tmp_path / "long.csv"), (f"{at}\n" for at in range(10**9)), panel)
    writing.start()
    (progress,) = panel.findChildren(QProgressDialog)
    qtbot.waitUntil(lambda: next(writing._pieces) != "0\n")
    with qtbot.waitSignal(writing.destroyed):
        progress.canceled.emit()
    assert list(tmp_path.glob("long*")) == []


def test_window_that_is_closed_while_it_writes_leaves_nothing(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    owner = QWidget()
    FileWriting(str(tmp_path / "long.csv"), (f"{at}\n" for at in range(10**9)), owner).start()
    (part,) = tmp_path.glob("long*")
    qtbot.waitUntil(lambda: part.stat().st_size > 0)
    delete(owner)
    gc.collect()
    assert list(tmp_path.glob("long*")) == []


def test_data_that_cannot_be_made_leaves_nothing(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    panel = shown(bench, qtbot, LossPanel)

    def broken() -> Iterator[str]:
        yield "step\n"
        raise ValueError("a fault of ours")

    with qtbot.captureExceptions() as exceptions:
        PlotExport(bench.context, panel, "broken", broken).save_csv()
        answer_with(qtbot, tmp_path / "broken.csv")
        assert "a fault of ours" in said(qtbot)
    assert [kind for kind, _error, _trace in exceptions] == [ValueError]
    assert list(tmp_path.glob("broken*")) == []
