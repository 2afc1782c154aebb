"""How wide the columns of the tree are: the name takes what is left, the sparkline gives way first.

Where not even the least widths have room, the type, the parameters and at last the hooks' boxes go until there is, and
names are cut: a number behind the edge, to which a person must scroll, says less than what the Inspector has too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QHeaderView, QTableView

from moduleview.gui.look.theme import Theme
from moduleview.gui.models.tree_columns import HIDDEN_AT_FIRST, HOOK_COLUMNS, Column
from moduleview.gui.tree.gradient_cell import GradientCell
from moduleview.gui.tree.tree_look import CHECK_COLUMN_PX, TreeLook

PREFERRED_PX: Mapping[Column, int] = {Column.NAME: 142, Column.TYPE: 108, Column.PARAMETERS: 56}
_HIDDEN, _WIDTHS = "hidden=", " widths="
_LEAST_DRAGGED_PX, _MOST_DRAGGED_PX = 20, 1000  # a width beyond them is nobody's wish
LEAST_PX: Mapping[Column, int] = {Column.NAME: 112, Column.TYPE: 72, Column.PARAMETERS: 56}
_CUT_NAME_PX = 64
_GIVE_WAY = ((Column.TYPE, 112), (Column.PARAMETERS, 88), (Column.BACKWARD, 64), (Column.FORWARD, 64))
"""Each goes where the name would get less than so much; hooks can be ticked in the Inspector too."""


def without_room(
    available: int, widths: Mapping[Column, int], stages: Sequence[tuple[Column, int]], kept: frozenset[Column]
) -> frozenset[Column]:
    """Columns that have to go so that the others have room.

    Args:
        available: Width of the viewport, in pixels.
        widths: Least widths of all columns that are wanted but the name's.
        stages: The columns that may go, in their order: each where the name would get less than so many pixels.
        kept: Columns that stay: a person chose their width.
    """
    gone: set[Column] = set()
    for column, name in stages:
        needed = name + sum(width for other, width in widths.items() if other not in gone)
        if needed > available and column in widths and column not in kept:
            gone.add(column)
    return frozenset(gone)


def fitted_widths(
    available: int,
    preferred: Mapping[Column, tuple[int, int]],
    fixed: int,
    gradient: tuple[int, int],
    hidden: frozenset[Column],
) -> dict[Column, int]:
    """Widths of all columns that are shown, in pixels; wider than ``available`` together where nothing gives way.

    Args:
        available: Width of the viewport.
        preferred: Least and preferred width of name, type and parameters; equal where a person dragged them.
        fixed: Width of each hook column and of the state column.
        gradient: Width of the gradient column without and with its sparkline.
        hidden: Columns that are not shown.
    """
    widths = {column: preferred[column][1] for column in PREFERRED_PX if column not in hidden}
    widths.update({column: fixed for column in (*HOOK_COLUMNS, Column.STATE) if column not in hidden})
    rest = available - sum(widths.values())
    if Column.GRADIENT not in hidden:
        widths[Column.GRADIENT] = min(max(rest, gradient[0]), gradient[1])
        rest -= widths[Column.GRADIENT]
    for column in (Column.NAME, Column.TYPE):
        if rest < 0 and column in widths:
            given = min(-rest, widths[column] - preferred[column][0])
            widths[column] -= given
            rest += given
    widths[Column.NAME] += max(rest, 0)
    return widths


class ColumnFitter:
    """Gives the columns of a table their widths, and remembers those that a person dragged."""

    def __init__(self, view: QTableView, theme: Theme) -> None:
        self._view = view
        self._theme = theme
        self._preferred = {column: (LEAST_PX[column], PREFERRED_PX[column]) for column in PREFERRED_PX}  # at zoom 1
        self._dragged: set[Column] = set()
        self._is_fitting = False
        self._hidden = frozenset(HIDDEN_AT_FIRST)
        view.horizontalHeader().sectionResized.connect(self._on_section_resized)

    @property
    def hidden(self) -> frozenset[Column]:
        """Columns that are not shown, whichever model is open."""
        return self._hidden

    def set_hidden(self, hidden: frozenset[Column]) -> None:
        """Show all columns but these."""
        self._hidden = hidden
        if self._view.model() is not None:
            self.set_up()

    def kept(self) -> str:
        """The hidden columns, and the widths of those that a person dragged, as they are kept between two starts."""
        hidden = ",".join(column.name for column in sorted(self._hidden))
        widths = ",".join(f"{column.name}:{self._preferred[column][1]}" for column in sorted(self._dragged))
        return f"{_HIDDEN}{hidden}{_WIDTHS}{widths}"

    def restore(self, kept: str) -> None:
        """Hide the columns that ``kept`` gave, and give others their widths; anything else changes nothing."""
        if not kept.startswith(_HIDDEN):
            return
        names, _, widths = kept.removeprefix(_HIDDEN).partition(_WIDTHS)
        width_of = dict(pair.split(":") for pair in widths.split(",") if pair.count(":") == 1)
        for column in PREFERRED_PX:
            width = width_of.get(column.name, "")
            if width.isdecimal() and _LEAST_DRAGGED_PX <= int(width) <= _MOST_DRAGGED_PX:
                self._dragged.add(column)
                self._preferred[column] = (int(width), int(width))
        self.set_hidden(frozenset(column for column in Column if column.name in names.split(",")))

    def set_up(self) -> None:
        """A model was set: say which columns can be dragged, and fit them."""
        for column in Column:
            mode = QHeaderView.ResizeMode.Interactive if column in PREFERRED_PX else QHeaderView.ResizeMode.Fixed
            self._view.horizontalHeader().setSectionResizeMode(column, mode)
        self.fit()

    def fit(self) -> None:
        """Give the columns their widths at the width there is."""
        if self._view.model() is None:
            return
        px, available, fixed = self._theme.px, self._view.viewport().width(), self._theme.px(CHECK_COLUMN_PX)
        gradient = GradientCell.widths(TreeLook(self._theme))
        preferred = {column: (px(least), px(width)) for column, (least, width) in self._preferred.items()}
        gone = self._without_room(available, fixed, gradient[0])
        if gone:
            gradient = (gradient[0], gradient[0])  # the name needs the room more than a sparkline does
        if gone and Column.NAME not in self._dragged:
            preferred[Column.NAME] = (px(_CUT_NAME_PX), preferred[Column.NAME][1])
        widths = fitted_widths(available, preferred, fixed, gradient, self._hidden | gone)
        self._is_fitting = True
        for column in Column:
            self._view.setColumnHidden(column, column not in widths)
        for column, width in widths.items():
            self._view.setColumnWidth(column, width)
        self._is_fitting = False

    def _without_room(self, available: int, fixed: int, gradient: int) -> frozenset[Column]:
        px = self._theme.px
        least: dict[Column, int] = {column: px(width) for column, (width, _) in self._preferred.items()}
        least.update(dict.fromkeys((*HOOK_COLUMNS, Column.STATE), fixed))
        least[Column.GRADIENT] = gradient
        del least[Column.NAME]
        wanted = {column: width for column, width in least.items() if column not in self._hidden}
        is_dragged = Column.NAME in self._dragged
        name = self._preferred[Column.NAME][0]
        stages = [(column, px(name if is_dragged else width)) for column, width in _GIVE_WAY]
        return without_room(available, wanted, stages, frozenset(self._dragged))

    def _on_section_resized(self, section: int, _earlier: int, width: int) -> None:
        column = Column(section)
        if not self._is_fitting and column in PREFERRED_PX and width > 0:
            dragged = round(width / self._theme.zoom)
            self._preferred[column] = (dragged, dragged)
            self._dragged.add(column)
            self.fit()
