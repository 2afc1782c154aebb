"""Tooltips say what they are given: Qt would render a name that looks like markup, and fetch the picture it names."""

from __future__ import annotations

import html

from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """``text`` as a tooltip that shows it character by character, whatever it looks like."""
    return f"<p style='white-space:pre-wrap'>{html.escape(text)}</p>" if Qt.mightBeRichText(text) else text
