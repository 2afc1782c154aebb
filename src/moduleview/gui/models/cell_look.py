"""How a cell of a table looks, as a value that a model hands to the one delegate that paints all of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt

LOOK_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""``Look`` of the cell."""
SWATCH_ROLE = int(Qt.ItemDataRole.UserRole) + 2
"""Gradient norm whose colour stands left of the number, as a float; None for no swatch."""
COPY_ROLE = int(Qt.ItemDataRole.UserRole) + 3
"""What goes to the clipboard: full precision, full names."""


@dataclass(frozen=True)
class Look:
    """Font, colour and alignment of a cell.

    Attributes:
        color: Field of ``Tokens``; in a selected row the text colour is taken, except for ``keeps_color``.
        is_mono: For names, shapes and all that is measured.
        is_small: 11 px in place of 12.
        is_right: Right-aligned.
        elides_left: Loses its beginning, as FQNs do.
        icon: File in ``resources/icons`` left of the text, in the colour of the text.
        keeps_color: Severity keeps its colour where the row is selected.
    """

    color: str = "text"
    is_mono: bool = False
    is_bold: bool = False
    is_small: bool = False
    is_right: bool = False
    elides_left: bool = False
    icon: str = ""
    keeps_color: bool = False
