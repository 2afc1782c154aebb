"""The application's palette from the tokens: what Fusion and hand-painted widgets draw with."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from moduleview.gui.look.tokens import Tokens

_Role = QPalette.ColorRole
_Group = QPalette.ColorGroup


def make_palette(tokens: Tokens) -> QPalette:
    """A complete palette; no colour is left to the platform, whose own theme may be the other one."""
    colors = {
        _Role.Window: tokens.window,
        _Role.WindowText: tokens.text,
        _Role.Base: tokens.panel,
        _Role.AlternateBase: tokens.panel,  # no alternating rows
        _Role.Text: tokens.text,
        _Role.PlaceholderText: tokens.muted,
        _Role.Button: tokens.raised,
        _Role.ButtonText: tokens.text,
        _Role.BrightText: tokens.error,
        _Role.ToolTipBase: tokens.raised,
        _Role.ToolTipText: tokens.text,
        _Role.Highlight: tokens.selection,
        _Role.HighlightedText: tokens.on_selection,
        _Role.Accent: tokens.accent,
        _Role.Link: tokens.accent,
        _Role.LinkVisited: tokens.accent,
        _Role.Light: tokens.raised,
        _Role.Midlight: tokens.raised,
        _Role.Mid: tokens.border,
        _Role.Dark: tokens.strong,
        _Role.Shadow: tokens.border,
    }
    palette = QPalette()
    for role, color in colors.items():
        palette.setColor(role, QColor(color))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.HighlightedText):
        palette.setColor(_Group.Disabled, role, QColor(tokens.faint))
    palette.setColor(_Group.Inactive, _Role.Highlight, QColor(tokens.hover))
    palette.setColor(_Group.Inactive, _Role.HighlightedText, QColor(tokens.text))
    return palette
