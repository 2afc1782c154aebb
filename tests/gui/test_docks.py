import pytest
from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QSettings, Qt
from PySide6.QtWidgets import QTabBar
from scripted_source import PANELS, make_idle_context, make_panel_class

from moduleview.gui.docking.docks import Docks
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import Area
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.store import SeriesStore


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def theme(qapp):
    return Theme()


@pytest.fixture
def make_docks(qtbot, settings, theme):
    def make(width=1600, height=912, panels=PANELS, *, is_waiting=True):
        context = make_idle_context(theme)
        docks = Docks([panel(context) for panel in panels], theme, settings, None)
        qtbot.addWidget(docks)
        docks.resize(width, height)
        if not is_waiting:
            docks.show()
            return docks
        with qtbot.waitSignal(docks.settled):
            docks.show()
        qtbot.waitUntil(lambda: any(bar.isVisible() for bar in docks.findChildren(QTabBar)))
        return docks

    return make


class Painted(QObject):
    """Counts how often a widget is painted from now on."""

    def __init__(self, widget):
        super().__init__(widget)
        self.n_paints = 0
        widget.installEventFilter(self)
        widget.update()

    def eventFilter(self, _watched, event):
        self.n_paints += event.type() == QEvent.Type.Paint
        return False


def shown(docks):
    return {dock.objectName() for dock in docks.docks if dock.is_shown}


def settle(qtbot, docks, act):
    with qtbot.waitSignal(docks.placement_changed):
        act()


@pytest.mark.parametrize(
    ("width", "left", "right"), [(1600, 494, 346), (1280, 438, 274), (1920, 494, 346)], ids=["1600", "1280", "1920"]
)
def test_first_layout_has_the_sizes_of_the_measures(make_docks, width, left, right):
    docks = make_docks(width)
    assert docks.dock("modules").width() == pytest.approx(left, abs=6)
    assert docks.dock("inspector").width() == pytest.approx(right, abs=6)
    assert docks.dock("modules").height() == docks.height()


def test_bottom_spans_centre_and_right_but_not_left(make_docks):
    docks = make_docks()
    bottom = docks.dock("findings").geometry()
    assert bottom.left() == docks.dock("map").geometry().left()
    assert bottom.right() == docks.dock("inspector").geometry().right()


def test_profile_stands_beside_the_map_where_there_is_room_and_beside_the_curves_where_not(make_docks):
    wide, narrow = make_docks(1600), make_docks(1280)
    assert {"map", "profile", "curves"} <= shown(wide)
    assert "profile" not in shown(narrow)
    assert narrow.dock("profile") in narrow.tabifiedDockWidgets(narrow.dock("curves"))


def test_default_layout_follows_a_window_that_becomes_narrow(qtbot, make_docks):
    docks = make_docks(1600)
    docks.resize(1280, 712)
    qtbot.waitUntil(lambda: "profile" not in shown(docks))


@pytest.mark.parametrize(("width", "then"), [(1280, 1600), (1600, 1280)])
def test_tab_in_front_stays_there_when_the_window_becomes_wide_or_narrow(qtbot, make_docks, width, then):
    docks = make_docks(width)
    docks.bring_forward("log")
    qtbot.waitUntil(lambda: "log" in shown(docks))
    with qtbot.waitSignal(docks.settled):
        docks.resize(then, 912)
    qtbot.waitUntil(lambda: "log" in shown(docks) and "findings" not in shown(docks))


def test_tab_takes_the_place_of_the_title(make_docks):
    docks = make_docks()
    assert docks.dock("findings").is_tabbed
    assert docks.dock("findings").titleBarWidget().sizeHint().height() <= 0
    assert not docks.dock("map").is_tabbed
    assert docks.dock("map").titleBarWidget().height() == 28


def test_tab_bar_shows_the_controls_of_its_current_panel(qtbot, make_docks):
    docks = make_docks()
    qtbot.waitUntil(docks.dock("findings").controls.isVisible)
    assert not docks.dock("log").controls.isVisible()
    settle(qtbot, docks, lambda: docks.bring_forward("log"))
    assert docks.dock("log").controls.isVisible()
    assert not docks.dock("findings").controls.isVisible()


def test_panel_alone_again_gets_its_title_and_controls_back(qtbot, make_docks):
    docks = make_docks()
    settle(qtbot, docks, docks.dock("log").close)
    findings = docks.dock("findings")
    assert not findings.is_tabbed
    assert findings.controls.isVisible()
    assert findings.titleBarWidget().isAncestorOf(findings.controls)


def test_tabs_are_named_for_screen_readers(make_docks):
    docks = make_docks()
    bars = [bar for bar in docks.findChildren(QTabBar) if bar.isVisible()]
    assert bars
    assert all(bar.accessibleName() for bar in bars)


def test_panel_behind_a_tab_is_shown_and_one_that_is_shown_is_closed(qtbot, make_docks):
    docks = make_docks()
    assert docks.dock("log").is_open
    assert "log" not in shown(docks)
    settle(qtbot, docks, lambda: docks.toggle("log"))
    assert "log" in shown(docks)
    settle(qtbot, docks, lambda: docks.toggle("log"))
    assert not docks.dock("log").is_open


def test_closed_panel_comes_back_in_front_of_its_tabs(qtbot, make_docks):
    docks = make_docks()
    settle(qtbot, docks, docks.dock("log").close)
    assert not docks.dock("log").is_open
    settle(qtbot, docks, lambda: docks.toggle("log"))
    assert "log" in shown(docks)


def test_close_button_closes_and_float_button_floats(qtbot, make_docks):
    docks = make_docks()
    inspector = docks.dock("inspector")
    float_button, close_button = inspector.controls.buttons
    settle(qtbot, docks, lambda: qtbot.mouseClick(float_button, Qt.MouseButton.LeftButton))
    assert inspector.isFloating()
    settle(qtbot, docks, lambda: qtbot.mouseClick(float_button, Qt.MouseButton.LeftButton))
    assert not inspector.isFloating()
    settle(qtbot, docks, lambda: qtbot.mouseClick(close_button, Qt.MouseButton.LeftButton))
    assert not inspector.is_open


def test_only_panels_that_can_be_seen_are_refreshed(make_docks):
    docks = make_docks()
    docks.refresh(SeriesStore())
    refreshed = {dock.objectName() for dock in docks.docks if dock.panel.n_refreshes}
    assert refreshed == shown(docks)
    assert "log" not in refreshed


def test_panel_whose_needs_are_not_met_says_why_and_is_not_refreshed(make_docks):
    panels = (*PANELS, make_panel_class("lab", Area.LEFT, 1, tabbed=False, needs=Capability.CONTROL))
    docks = make_docks(panels=panels)
    lab = docks.dock("lab")
    docks.set_capabilities(Capability.NONE)
    docks.refresh(SeriesStore())
    assert not lab.panel.isVisible()
    assert lab.panel.n_refreshes == 0
    assert "cannot be run" in lab.reason
    docks.set_capabilities(Capability.CONTROL)
    docks.refresh(SeriesStore())
    assert lab.panel.isVisible()
    assert lab.panel.n_refreshes == 1


def test_layout_comes_back(qtbot, make_docks):
    docks = make_docks()
    settle(qtbot, docks, lambda: docks.dock("inspector").close())
    settle(qtbot, docks, lambda: docks.bring_forward("log"))
    docks.save()
    again = make_docks()
    assert not again.dock("inspector").is_open
    assert "log" in shown(again)


def test_floating_panel_is_painted_when_it_comes_back(qtbot, make_docks):
    docks = make_docks()
    settle(qtbot, docks, lambda: docks.dock("inspector").setFloating(True))
    docks.save()
    again = make_docks().dock("inspector")
    qtbot.waitUntil(lambda: again.isFloating() and again.isVisible())
    painted = Painted(again.panel)
    qtbot.waitUntil(lambda: again.panel.updatesEnabled() and painted.n_paints > 0)


def test_nothing_is_painted_before_the_kept_layout_is_taken(make_docks, qtbot):
    docks = make_docks()
    settle(qtbot, docks, lambda: docks.dock("inspector").close())
    docks.save()
    again = make_docks(is_waiting=False)
    painted = Painted(again.dock("inspector").panel)
    qtbot.waitUntil(lambda: not again.dock("inspector").is_open)
    assert painted.n_paints == 0


def test_layout_that_nobody_touched_follows_the_window_after_a_restart_too(qtbot, make_docks):
    make_docks(1280).save()
    again = make_docks(1280)
    again.resize(1600, 912)
    qtbot.waitUntil(lambda: "profile" in shown(again))
    qtbot.waitUntil(lambda: again.dock("modules").width() == pytest.approx(494, abs=6))


def test_dragged_line_between_panels_is_kept(qtbot, make_docks):
    docks = make_docks()
    line = docks.dock("modules").geometry().topRight() + QPoint(2, 300)
    before = docks.dock("modules").width()
    qtbot.mousePress(docks, Qt.MouseButton.LeftButton, pos=line)
    qtbot.mouseMove(docks, line + QPoint(80, 0))
    qtbot.waitUntil(lambda: docks.dock("modules").width() > before)
    qtbot.mouseRelease(docks, Qt.MouseButton.LeftButton, pos=line + QPoint(80, 0))
    dragged = docks.dock("modules").width()
    docks.save()
    again = make_docks()
    qtbot.waitUntil(lambda: again.dock("modules").width() == dragged)


def test_click_on_the_line_between_panels_moves_nothing(qtbot, make_docks, settings):
    docks = make_docks()
    line = docks.dock("modules").geometry().topRight() + QPoint(2, 300)
    qtbot.mouseClick(docks, Qt.MouseButton.LeftButton, pos=line)
    docks.save()
    assert not settings.contains("docks/state")


def test_panel_put_beside_another_is_kept(qtbot, make_docks, settings):
    docks = make_docks()
    inspector = docks.dock("inspector")
    settle(qtbot, docks, lambda: inspector.setFloating(True))
    settle(qtbot, docks, lambda: inspector.setFloating(False))
    docks.save()
    assert settings.contains("docks/state")


def test_broken_layout_falls_back_to_the_first_one(qtbot, make_docks, settings):
    docks = make_docks()
    settle(qtbot, docks, docks.dock("log").close)
    docks.save()
    settings.setValue("docks/state", QByteArray(b"\x00broken"))
    docks = make_docks()
    assert all(dock.is_open for dock in docks.docks)
    assert docks.dock("modules").width() == pytest.approx(494, abs=6)


def test_layout_of_other_panels_is_not_taken(qtbot, make_docks):
    docks = make_docks()
    settle(qtbot, docks, docks.dock("log").close)
    docks.save()
    docks = make_docks(panels=(*PANELS, make_panel_class("new", Area.BOTTOM, 2)))
    assert docks.dock("new").is_open
    assert docks.dock("log").is_open


def test_reset_brings_everything_back(qtbot, make_docks):
    docks = make_docks()
    settle(qtbot, docks, lambda: docks.dock("inspector").setFloating(True))
    settle(qtbot, docks, lambda: docks.dock("modules").close())
    settle(qtbot, docks, docks.reset)
    assert docks.dock("modules").is_open
    assert not docks.dock("inspector").isFloating()


def test_zoom_makes_titles_higher(make_docks, theme):
    docks = make_docks()
    theme.set_zoom(2.0)
    assert docks.dock("map").titleBarWidget().sizeHint().height() == 56


def test_panel_that_raises_is_reported_and_the_others_draw(qtbot, make_docks):
    """Fault row 37: one faulty panel takes neither its neighbours along nor every tick."""
    docks = make_docks()
    broken, sound = docks.dock("map").panel, docks.dock("findings").panel
    n_calls = []

    def raise_in_refresh(_store):
        n_calls.append(1)
        raise ValueError("in refresh")

    broken.refresh = raise_in_refresh
    n_before = sound.n_refreshes
    with qtbot.captureExceptions() as exceptions:
        for _ in range(10):
            docks.refresh(SeriesStore())
    assert [kind for kind, *_ in exceptions] == [ValueError]
    assert len(n_calls) == 1
    assert sound.n_refreshes == n_before + 10


def test_what_a_person_arranged_inside_a_panel_is_kept(make_docks, settings):
    docks = make_docks()
    docks.dock("log").panel.kept = lambda: "narrow"
    docks.save()
    assert settings.value("panels/log") == "narrow"
    assert settings.value("panels/findings") == ""


def test_enlarged_panel_has_all_the_room_and_goes_back(qtbot, make_docks):
    docks = make_docks()
    before, state = shown(docks), docks.saveState(1)
    low = next(dock for dock in docks.docks if dock.panel.area is Area.BOTTOM and dock.is_shown)
    height = low.height()
    low.panel.setFocus()
    settle(qtbot, docks, docks.enlarge)
    assert shown(docks) == {low.objectName()}
    qtbot.waitUntil(lambda: low.height() > 3 * height)
    settle(qtbot, docks, docks.enlarge)
    qtbot.waitUntil(lambda: shown(docks) == before)
    qtbot.waitUntil(lambda: docks.saveState(1) == state)


def test_window_that_is_closed_while_a_panel_is_enlarged_comes_back_whole(qtbot, make_docks):
    docks = make_docks()
    before = shown(docks)
    settle(qtbot, docks, docks.enlarge)
    docks.save()
    qtbot.waitUntil(lambda: shown(make_docks()) == before)


def test_opening_another_panel_ends_the_enlargement(qtbot, make_docks):
    docks = make_docks()
    low = next(dock for dock in docks.docks if dock.panel.area is Area.BOTTOM and dock.is_shown)
    hidden = next(dock for dock in docks.docks if dock.is_shown and dock.panel.area is not Area.BOTTOM)
    low.panel.setFocus()
    settle(qtbot, docks, docks.enlarge)
    assert not hidden.is_open
    docks.toggle(hidden.objectName())
    qtbot.waitUntil(lambda: hidden.is_shown)
    assert len(shown(docks)) > 1
