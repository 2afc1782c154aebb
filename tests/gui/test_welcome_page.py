import time

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage

from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.welcome.samples import Sample, load_samples
from moduleview.gui.welcome.welcome_page import WelcomePage


class Asked:
    """Writes down what the page asks for."""

    def __init__(self):
        self.calls = []

    def open_target(self, target):
        self.calls.append(("open", target))

    def train_target(self, target):
        self.calls.append(("train", target))

    def choose_file(self):
        self.calls.append(("choose file",))

    def choose_name(self):
        self.calls.append(("choose name",))


@pytest.fixture
def recent(tmp_path):
    return RecentFiles(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def make_page(qtbot, recent, asked):
    def make(samples=None):
        theme = Theme()
        page = WelcomePage(theme, load_samples() if samples is None else samples, recent, asked)
        theme.setParent(page)
        page.theme = theme
        qtbot.addWidget(page)
        page.resize(1280, 712)
        page.show()
        return page

    return make


def a_sample(tmp_path, losses=(2.0, 1.0), is_faulty=False):
    return Sample(tmp_path / "mine.py", "A net.", is_faulty, np.array(losses, dtype=np.float32), 10)


def grabbed(widget) -> QImage:
    return widget.grab().toImage()


def test_train_button_trains_its_sample(qtbot, make_page, asked):
    page = make_page()
    for card in page.cards:
        qtbot.mouseClick(card.train_button, Qt.MouseButton.LeftButton)
    assert asked.calls == [("train", str(card.sample.path)) for card in page.cards]
    assert {card.sample.name for card in page.cards} == {sample.name for sample in load_samples()}


def test_healthy_samples_stand_before_those_with_a_fault(make_page):
    faulty = [card.sample.is_faulty for card in make_page().cards]
    assert faulty == sorted(faulty)
    assert any(faulty)
    assert not all(faulty)


def test_only_one_button_is_primary(make_page):
    roles = [card.train_button.property("role") for card in make_page().cards]
    assert roles.count("primary") == 1


def test_start_rows_ask_for_a_file_or_a_name(qtbot, make_page, asked):
    first, second = make_page().side.start_rows
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    second.setFocus()
    qtbot.keyClick(second, Qt.Key.Key_Space)
    assert asked.calls == [("choose file",), ("choose name",)]


def test_recent_file_opens_by_a_click(qtbot, make_page, recent, asked, tmp_path):
    file = tmp_path / "train.py"
    file.touch()
    recent.add(f"{file}:Net")
    page = make_page()
    (row,) = page.side.recent_rows
    assert row.accessibleName() == "train.py : Net"
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert asked.calls == [("open", f"{file}:Net")]


def test_recent_list_follows_what_was_opened_and_clears(qtbot, make_page, recent, tmp_path):
    page = make_page()
    assert page.side.recent_rows == []
    assert not page.side.clear_button.isVisible()
    file = tmp_path / "train.py"
    file.touch()
    recent.add(str(file), time.time())
    assert len(page.side.recent_rows) == 1
    qtbot.mouseClick(page.side.clear_button, Qt.MouseButton.LeftButton)
    assert page.side.recent_rows == []


def test_deleted_file_is_gone_when_the_page_comes_back(make_page, recent, tmp_path):
    file = tmp_path / "train.py"
    file.touch()
    recent.add(str(file))
    page = make_page()
    page.hide()
    file.unlink()
    page.show()
    assert page.side.recent_rows == []


def test_unknown_sample_shows_what_its_file_says(make_page, tmp_path):
    page = make_page((a_sample(tmp_path),))
    assert page.cards[0].accessibleName() == "Mine"


def test_stretch_without_a_number_is_washed(make_page, tmp_path):
    """The colour of NaN stands where the loss was none, and nowhere else."""
    page = make_page((a_sample(tmp_path, [2.0, 1.0, np.nan, np.nan, np.nan]),))
    curve = page.cards[0]._curve
    image = grabbed(curve)
    ratio = image.devicePixelRatio()
    alive = image.pixelColor(int(curve.width() * 0.3 * ratio), int(40 * ratio))
    dead = image.pixelColor(int(curve.width() * 0.8 * ratio), int(40 * ratio))
    assert dead.hslSaturation() > alive.hslSaturation() + 50


def test_loss_that_does_not_fall_is_drawn_flat(make_page, tmp_path):
    """Noise of a few percent must not look like a course."""
    noisy = 2.3 + 0.05 * np.sin(np.arange(100))
    page = make_page((a_sample(tmp_path, noisy),))
    heights = page.cards[0]._curve._heights
    assert heights.max() - heights.min() < 0.15


def test_sample_without_recorded_losses_has_an_empty_curve(make_page, tmp_path):
    page = make_page((a_sample(tmp_path, []),))
    assert not grabbed(page.cards[0]._curve).isNull()


def test_narrow_window_shows_fewer_columns(qtbot, make_page):
    page = make_page()

    def n_columns():
        return len({card.x() for card in page.cards})

    for width, n in ((1280, 3), (1000, 2), (760, 1), (1280, 3)):
        page.resize(width, 700)
        qtbot.waitUntil(lambda n=n: n_columns() == n)


def test_page_follows_the_theme(make_page):
    page = make_page()
    light = grabbed(page).pixelColor(1200, 690)
    page.theme.set_dark(True)
    assert grabbed(page).pixelColor(1200, 690).lightness() < light.lightness()


def test_script_is_taken_along(qtbot, make_page):
    page = make_page()
    card = page.findChild(object, "script_card")
    qtbot.mouseClick(card.copy_button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    compile(text, "snippet", "exec")
    assert "TrainingTask" in text


def test_recorded_losses_are_those_of_the_samples():
    """A sample that was changed wants ``tests/benchmarks/record_sample_losses.py`` run again."""
    for sample in load_samples():
        assert len(sample.losses) >= 100, sample.name
        assert sample.n_parameters
        assert sample.summary
    by_name = {sample.name: sample for sample in load_samples()}
    assert not np.isfinite(by_name["exploding"].losses).all()
    assert by_name["digits"].losses[-20:].mean() < 0.3 * by_name["digits"].losses[:20].mean()
    assert by_name["vanishing"].losses[-20:].mean() > 0.9 * by_name["vanishing"].losses[:20].mean()
