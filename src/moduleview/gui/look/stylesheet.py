"""The Qt style sheet of the whole program, made from the tokens at the zoom in force.

A widget asks for a look by the dynamic property ``role``:

* ``muted``, ``faint``, ``success``, ``warning``, ``error``, ``link``: colour of the text; ``caption`` is muted and
  11 px; ``strong`` is 600; ``mono`` takes the fixed font at 11 px, ``mono-name`` at 12, ``mono-title`` at 13.
* ``primary``: the one filled button of a window. ``flat``: a button or combo box without an outline (title bars).
* ``toggle``: a neutral filter: on has a strong outline, off is muted without one.
* ``detail``: a raised area below a list. ``rule``: a line 1 px thick.
"""

from __future__ import annotations

from collections.abc import Mapping

from moduleview.gui.look.theme import Theme

_TEXT_ROLES = ("muted", "faint", "success", "warning", "error")


def make_stylesheet(theme: Theme, images: Mapping[str, str]) -> str:
    """The style sheet of the application.

    Args:
        theme: Colours, fonts, zoom.
        images: Path of the picture for each of ``chevron-down``, ``-up``, ``-left``, ``-right``; those that are
            absent are left out.
    """
    sections = (_windows, _bars, _menus, _docks, _tabs, _buttons, _texts, _views, _scroll_bars)
    parts = [section(theme) for section in sections]
    return "\n".join([*parts, _inputs(theme, images), _branches(images), _tab_arrows(theme, images)])


def _windows(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QMainWindow, QMainWindow > QStackedWidget {{ background: {t.window}; }}
QDialog, QMessageBox, QFileDialog {{ background: {t.panel}; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.strong}; padding: {px(3)}px {px(6)}px; }}
QFrame#palette {{ background: {t.raised}; border: 1px solid {t.strong}; border-radius: {px(4)}px; }}
QFrame[role="rule"] {{ background: {t.border}; border: none; }}
QWidget[role="detail"] {{ background: {t.raised}; }}
QGroupBox {{ border: 1px solid {t.border}; border-radius: {px(4)}px; margin-top: {px(8)}px; padding: {px(8)}px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: {px(8)}px; padding: 0 {px(4)}px; color: {t.muted}; }}
QProgressBar {{ background: {t.inset}; border: 1px solid {t.strong}; border-radius: {px(4)}px; text-align: center; }}
QProgressBar::chunk {{ background: {t.accent}; }}
QSplitter::handle {{ background: {t.border}; }}
"""


def _bars(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QMenuBar {{ background: {t.window}; color: {t.text}; border: none; padding: 0 {px(4)}px; spacing: 0; }}
QMenuBar::item {{ background: transparent; padding: {px(6)}px {px(8)}px; border-radius: {px(4)}px; }}
QMenuBar::item:selected, QMenuBar::item:pressed {{ background: {t.selection}; color: {t.on_selection}; }}
QToolBar {{ background: {t.window}; border: none; border-bottom: 1px solid {t.border}; padding: 0px;
    spacing: {px(4)}px; }}
QToolBar QToolButton {{ min-height: {px(19)}px; padding: 0; }}
QStatusBar {{ background: {t.window}; color: {t.muted}; border-top: 1px solid {t.border};
    font-size: {px(11)}px; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ font-size: {px(11)}px; }}
"""


def _menus(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QMenu {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.strong}; padding: {px(4)}px 0; }}
QMenu::item {{ padding: {px(4)}px {px(24)}px {px(4)}px {px(28)}px; }}
QMenu::item:selected {{ background: {t.selection}; color: {t.on_selection}; }}
QMenu::item:disabled {{ color: {t.faint}; }}
QMenu::separator {{ height: 1px; background: {t.border}; margin: {px(4)}px 0; }}
QMenu::icon {{ padding-left: {px(8)}px; }}
"""


def _docks(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QMainWindow::separator {{ background: {t.window}; width: {px(4)}px; height: {px(4)}px; }}
QMainWindow::separator:hover {{ background: {t.accent}; }}
QWidget#dock_title {{ background: {t.raised}; border: 1px solid {t.border}; }}
QFrame#dock_body {{ background: {t.panel}; border: 1px solid {t.border}; border-top: none; }}
QFrame#dock_body > QWidget {{ background: {t.panel}; }}
QLabel#dock_title_text {{ font-weight: 600; }}
QDockWidget > QWidget#dock_body {{ background: {t.panel}; }}
"""


def _tabs(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QTabWidget::pane {{ border: none; border-top: 1px solid {t.border}; }}
QTabBar {{ background: {t.raised}; font-weight: 600; qproperty-drawBase: 0; border: none; }}
QTabBar::tab {{ background: transparent; color: {t.muted}; border: none; border-bottom: 2px solid transparent;
    padding: 0 {px(8)}px; height: {px(26)}px; min-width: {px(8)}px; }}
QTabWidget QTabBar::tab {{ padding: 0 {px(6)}px; }}
QTabBar[tightness="1"]::tab {{ padding: 0 {px(4)}px; }}
QTabBar[tightness="2"] {{ font-size: {px(11)}px; }}
QTabBar[tightness="2"]::tab {{ padding: 0 {px(3)}px; }}
QTabBar::tab:!selected {{ font-weight: 400; }}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom-color: {t.accent}; }}
QTabBar::tab:focus {{ border: 1px solid {t.accent}; border-bottom: 2px solid {t.accent}; }}
QTabBar::scroller {{ width: {px(40)}px; }}
QTabBar QToolButton {{ background: {t.raised}; border: none; border-radius: 0; }}
QTabBar#dock_tabs {{ border: 1px solid {t.border}; background: {t.raised}; }}
"""


def _buttons(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QPushButton {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.strong}; border-radius: {px(4)}px;
    min-height: {px(22)}px; padding: 0 {px(11)}px; }}
QPushButton:hover {{ background: {t.hover}; }}
QPushButton:pressed {{ background: {t.selection}; }}
QPushButton:focus {{ border-color: {t.accent}; outline: none; }}
QPushButton:disabled {{ color: {t.faint}; border-color: {t.border}; }}
QPushButton[role="primary"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
    font-weight: 600; }}
QPushButton[role="primary"]:focus {{ border-color: {t.text}; }}
QPushButton[role="primary"]:disabled {{ background: {t.raised}; color: {t.faint}; border-color: {t.border}; }}
QPushButton[role="flat"] {{ background: transparent; border-color: transparent; padding: 0 {px(4)}px; }}
QPushButton[role="flat"]:hover {{ background: {t.hover}; }}
QPushButton[role="flat"]:focus {{ border-color: {t.accent}; }}
QPushButton[role="link"] {{ background: transparent; border-color: transparent; color: {t.accent}; padding: 0; }}
QPushButton[role="link"]:hover {{ text-decoration: underline; }}
QPushButton[role="link"]:focus {{ border-color: {t.accent}; }}
QToolButton {{ background: transparent; color: {t.text}; border: 1px solid transparent; border-radius: {px(4)}px;
    padding: 0 {px(3)}px; }}
QToolButton:hover {{ background: {t.hover}; }}
QToolBar QToolButton:hover {{ background: {t.raised}; }}
QToolButton:pressed {{ background: {t.selection}; }}
QToolButton:checked {{ background: {t.selection}; color: {t.on_selection}; border-color: {t.accent}; }}
QToolButton:focus {{ border-color: {t.accent}; }}
QToolButton:disabled {{ color: {t.faint}; }}
QToolButton::menu-indicator {{ image: none; }}
QToolButton[role="toggle"], QPushButton[role="toggle"] {{ background: transparent; color: {t.muted};
    border: 1px solid transparent; padding: 0 {px(5)}px; min-height: {px(18)}px; }}
QToolButton[role="toggle"] {{ padding: 0 {px(3)}px; min-height: {px(15)}px; }}
QToolButton[role="toggle"]:checked, QPushButton[role="toggle"]:checked {{ background: transparent; color: {t.text};
    border-color: {t.strong}; }}
QToolButton[role="toggle"]:focus, QPushButton[role="toggle"]:focus {{ border-color: {t.accent}; }}
QToolButton[role="toggle"]:disabled {{ color: {t.faint}; }}
"""


def _inputs(theme: Theme, images: Mapping[str, str]) -> str:
    t, px = theme.tokens, theme.px
    down, up = _image(images, "chevron-down"), _image(images, "chevron-up")
    boxes = "QLineEdit, QAbstractSpinBox, QComboBox"
    return f"""
{boxes} {{ background: {t.inset}; color: {t.text}; border: 1px solid {t.strong}; border-radius: {px(4)}px;
    min-height: {px(22)}px; padding: 0 {px(6)}px; selection-background-color: {t.selection};
    selection-color: {t.on_selection}; }}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{ border-color: {t.accent}; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{ color: {t.faint}; border-color: {t.border}; }}
QComboBox#device:disabled {{ color: {t.muted}; }}
QAbstractSpinBox {{ min-height: {px(19)}px; padding: 0; }}
QAbstractSpinBox QLineEdit {{ border: none; background: transparent; padding: 0 {px(6)}px; min-height: 0; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ background: transparent; border: none;
    width: {px(14)}px; }}
QAbstractSpinBox::up-arrow {{ image: {up}; width: {px(10)}px; height: {px(10)}px; }}
QAbstractSpinBox::down-arrow {{ image: {down}; width: {px(10)}px; height: {px(10)}px; }}
QAbstractSpinBox[role="plain"]::up-button, QAbstractSpinBox[role="plain"]::down-button {{ width: 0px; }}
QAbstractSpinBox[role="plain"]::up-arrow, QAbstractSpinBox[role="plain"]::down-arrow {{ image: none; width: 0px; }}
QComboBox {{ padding-right: {px(2)}px; }}
QComboBox::drop-down {{ border: none; width: {px(18)}px; }}
QComboBox::down-arrow {{ image: {down}; width: {px(14)}px; height: {px(14)}px; }}
QComboBox QAbstractItemView {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.strong}; outline: 0;
    selection-background-color: {t.selection}; selection-color: {t.on_selection}; }}
QComboBox[role="flat"] {{ background: transparent; border-color: transparent; min-height: {px(18)}px; }}
QComboBox[role="flat"]:hover {{ background: {t.hover}; }}
QComboBox[role="flat"]:focus {{ border-color: {t.accent}; }}
QPlainTextEdit, QTextEdit, QTextBrowser {{ background: {t.panel}; color: {t.text}; border: none;
    selection-background-color: {t.selection}; selection-color: {t.on_selection}; }}
"""


def _texts(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    mono = theme.mono_font().family()
    colors = "\n".join(f'QLabel[role="{role}"] {{ color: {getattr(t, role)}; }}' for role in _TEXT_ROLES)
    return f"""
{colors}
QLabel {{ background: transparent; }}
QLabel[role="caption"] {{ color: {t.muted}; font-size: {px(11)}px; }}
QLabel[role="link"] {{ color: {t.accent}; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="mono"] {{ font-family: "{mono}"; font-size: {px(11)}px; }}
QLabel[role="mono-name"] {{ font-family: "{mono}"; font-size: {px(12)}px; }}
QLabel[role="mono-title"] {{ font-family: "{mono}"; font-size: {px(13)}px; font-weight: 600; }}
"""


def _views(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    views = "QTreeView, QTableView, QListView"
    return f"""
{views} {{ background: {t.panel}; color: {t.text}; border: none; outline: 0; gridline-color: {t.grid};
    selection-background-color: {t.selection}; selection-color: {t.on_selection}; }}
QTreeView::item, QTableView::item, QListView::item {{ height: {px(22)}px; border: none; padding: 0 {px(4)}px; }}
QTreeView::item:hover, QListView::item:hover {{ background: {t.hover}; }}
QTreeView::item:selected, QTableView::item:selected, QListView::item:selected {{ background: {t.selection};
    color: {t.on_selection}; }}
QTreeView::item:selected:!active, QTableView::item:selected:!active {{ background: {t.hover}; color: {t.text}; }}
QHeaderView {{ background: {t.panel}; border: none; border-bottom: 1px solid {t.border}; }}
QHeaderView::section {{ background: {t.panel}; color: {t.muted}; border: none; border-bottom: 1px solid {t.border};
    font-size: {px(11)}px; padding: 0 {px(8)}px; height: {px(23)}px; }}
QTableCornerButton::section {{ background: {t.panel}; border: none; }}
"""


def _branches(images: Mapping[str, str]) -> str:
    closed, opened = _image(images, "chevron-right"), _image(images, "chevron-down")
    return f"""
QTreeView::branch {{ background: transparent; image: none; border-image: none; }}
QTreeView::branch:has-children:closed {{ image: {closed}; }}
QTreeView::branch:has-children:open {{ image: {opened}; }}
"""


def _tab_arrows(theme: Theme, images: Mapping[str, str]) -> str:
    side = theme.px(14)
    return "\n".join(
        f"QTabBar QToolButton::{side_of}-arrow {{ image: {_image(images, name)}; width: {side}px; height: {side}px; }}"
        for side_of, name in (("left", "chevron-left"), ("right", "chevron-right"))
    )


def _scroll_bars(theme: Theme) -> str:
    t, px = theme.tokens, theme.px
    return f"""
QScrollBar {{ background: transparent; border: none; }}
QScrollBar:vertical {{ width: {px(10)}px; }}
QScrollBar:horizontal {{ height: {px(10)}px; }}
QScrollBar::handle {{ background: {t.border}; border-radius: {px(3)}px; margin: {px(2)}px; }}
QScrollBar::handle:vertical {{ min-height: {px(24)}px; }}
QScrollBar::handle:horizontal {{ min-width: {px(24)}px; }}
QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {t.strong}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: {t.panel}; }}
"""


def _image(images: Mapping[str, str], name: str) -> str:
    return f'url("{images[name]}")' if name in images else "none"
