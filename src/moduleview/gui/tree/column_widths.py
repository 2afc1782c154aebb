"""How wide the columns of the tree are: the name takes what is left, the sparkline gives way first."""

from __future__ import annotations

from collections.abc import Mapping

from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column

PREFERRED_PX: Mapping[Column, int] = {Column.NAME: 142, Column.TYPE: 108, Column.PARAMETERS: 56}
LEAST_PX: Mapping[Column, int] = {Column.NAME: 80, Column.TYPE: 48, Column.PARAMETERS: 40}


def fitted_widths(
    available: int, preferred: Mapping[Column, int], fixed: int, gradient: tuple[int, int], hidden: frozenset[Column]
) -> dict[Column, int]:
    """Widths of all columns that are shown, in pixels; wider than ``available`` together where nothing gives way.

    Args:
        available: Width of the viewport.
        preferred: Of name, type and parameters, as they were at first or were dragged.
        fixed: Width of each hook column and of the state column.
        gradient: Of the gradient column without and with its sparkline.
        hidden: Columns that are not shown.
    """
    widths = {column: preferred[column] for column in PREFERRED_PX if column not in hidden}
    widths.update({column: fixed for column in (*HOOK_COLUMNS, Column.STATE) if column not in hidden})
    rest = available - sum(widths.values())
    if Column.GRADIENT not in hidden:
        widths[Column.GRADIENT] = min(max(rest, gradient[0]), gradient[1])
        rest -= widths[Column.GRADIENT]
    widths[Column.NAME] += max(rest, 0)
    return widths
