"""The style sheet of the welcome page, beside that of the program."""

from __future__ import annotations

from moduleview.gui.look.theme import Theme


def welcome_stylesheet(theme: Theme) -> str:
    """Ground, side and cards in the theme's colours; ``section`` is the role of a heading above a group."""
    t, px = theme.tokens, theme.px
    return f"""
QWidget#welcome_page, QScrollArea#welcome_scroll, QWidget#welcome_samples {{ background: {t.window}; }}
QFrame#welcome_side {{ background: {t.panel}; border: none; border-right: 1px solid {t.border}; }}
QFrame#sample_card, QFrame#script_card {{ background: {t.panel}; border: 1px solid {t.border};
    border-radius: {px(4)}px; }}
QLabel[role="section"] {{ color: {t.muted}; font-size: {px(11)}px; font-weight: 600; }}
"""
