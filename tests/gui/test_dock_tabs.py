"""The controls at the right of a tab bar."""

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QTabBar
from scripted_source import PANELS, make_idle_context, make_panel_class

from moduleview.gui.docking.docks import Docks
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import Area
from moduleview.gui.plots.title_controls import Choice


def test_control_in_a_tab_bar_gets_the_width_of_what_comes_into_it(qtbot, qapp, tmp_path):
    theme = Theme(qapp)
    context = make_idle_context(theme)
    choice = Choice("Quantity", [("gradient norm", 0)])

    class PanelWithChoice(make_panel_class("chosen", Area.BOTTOM, 9)):
        def title_controls(self):
            return (choice,)

    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    docks = Docks([panel(context) for panel in (*PANELS, PanelWithChoice)], theme, settings, None)
    qtbot.addWidget(docks)
    docks.resize(1600, 912)
    with qtbot.waitSignal(docks.settled):
        docks.show()
    with qtbot.waitSignal(docks.placement_changed):
        docks.bring_forward("chosen")
    qtbot.waitUntil(choice.isVisible)
    choice.set_options([("gradient norm", 0), ("output gradient (torch's hook), share of zeros", 1)])

    qtbot.waitUntil(lambda: choice.width() >= choice.sizeHint().width())


def test_tabs_give_way_to_the_controls_of_the_one_in_front(qtbot, qapp, tmp_path):
    theme = Theme(qapp)
    context = make_idle_context(theme)
    choice = Choice("Quantity", [("gradient norm over all of the ranks", 0)])

    class PanelWithChoice(make_panel_class("chosen", Area.BOTTOM, 9)):
        def title_controls(self):
            return (choice,)

    more = tuple(make_panel_class(f"another panel {number}", Area.BOTTOM, number + 2) for number in range(9))
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    docks = Docks([panel(context) for panel in (*PANELS, *more, PanelWithChoice)], theme, settings, None)
    qtbot.addWidget(docks)
    docks.resize(1300, 800)
    with qtbot.waitSignal(docks.settled):
        docks.show()
    with qtbot.waitSignal(docks.placement_changed):
        docks.bring_forward("chosen")
    qtbot.waitUntil(choice.isVisible)
    bar = next(bar for bar in docks.findChildren(QTabBar) if bar.tabText(bar.currentIndex()) == "Chosen")

    assert sum(bar.tabRect(at).width() for at in range(bar.count())) > docks.dock("chosen").width() - choice.width()
    assert choice.mapTo(docks, choice.rect().topLeft()).x() >= bar.geometry().right()
    assert bar.rect().contains(bar.tabRect(bar.currentIndex()))

    with qtbot.waitSignal(docks.placement_changed):
        docks.bring_forward("findings")
    dock = docks.dock("findings")
    qtbot.waitUntil(lambda: dock.controls.isVisible())
    assert dock.controls.geometry().right() <= dock.geometry().right()
    assert dock.controls.geometry().left() >= bar.geometry().right()
