"""New starting values: choose, see what each visit of apply would change, apply, take back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from moduleview.gui.initialise.asking import Asking
from moduleview.gui.initialise.choice_side import WIDTH_PX, ChoiceSide
from moduleview.gui.initialise.outcome_words import OutcomeWords
from moduleview.gui.initialise.preview_model import PreviewColumn, PreviewModel, rows_of
from moduleview.gui.initialise.spread_cell import SpreadDelegate
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.depth_chart import DepthCall, DepthChart
from moduleview.gui.plots.title_controls import Toggle
from moduleview.gui.widgets.empty_state import EmptyState, Offer
from moduleview.gui.widgets.row_table import RowTable
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import DepthPoint
from moduleview.telemetry.store_view import StoreView

_LEAST_TABLE_PX, _CHART_PX = 440, 264
_WIDTHS: dict[int, int] = {  # logical px
    PreviewColumn.ORDER: 48,
    PreviewColumn.NAME: 140,
    PreviewColumn.KIND: 104,
    PreviewColumn.MEAN: 144,
    PreviewColumn.STD: 128,
    PreviewColumn.VALUES: 104,
    PreviewColumn.GAIN: 52,
}
_GIVE_WAY = (PreviewColumn.KIND, PreviewColumn.MEAN, PreviewColumn.GAIN, PreviewColumn.ORDER)  # the note has the gain
_LEAST_NOTE_PX = 120


class InitialisePanel(Panel):
    """The choice at the left, what it would change in the middle, the spread through the depth at the right."""

    panel_id: ClassVar[str] = "initialise"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 13
    needs: ClassVar[Capability] = Capability.INTERVENE

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Initialise parameters"))
        self._drawn_for: object = None
        self._model_seen: object = None
        self._followed = ""
        self._offered: object = ()
        self._has_asked_for_depth = False
        self.asking = Asking(context, self)
        self._words = OutcomeWords(self)
        self._make_parts()
        self._make_empty_states()
        self._lay_out()
        self._connect()
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Initialise")

    def title_controls(self) -> Sequence[QWidget]:
        """What is shown."""
        return (self.only_changes, self.depth_toggle)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed."""
        book, model = store.books.initialising, store.model
        self.asking.look_for_initialisers(store)
        if model is not self._model_seen:
            self._model_seen = model
            if model is not None:
                self.form.show_model(model)
        state = (book.revision, store.books.changes.revision, model is None, self.asking.revision, self.choice_key())
        if state != self._drawn_for:
            self._drawn_for = state
            self._draw(book, has_model=model is not None)

    def choice_key(self) -> object:
        """What the fields say, and how it is to be shown."""
        return self.form.choice(), self.form.problem, self.only_changes.isChecked(), self.depth_toggle.isChecked()

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _draw(self, book: InitialisingBook, *, has_model: bool) -> None:
        self._stack.setCurrentWidget(self._body if has_model else self._nothing)
        if book.initialisers:
            self._offer(book)
        begun, ended = book.begun, book.ended
        self.model.show_rows(rows_of(book, only_changes=self.only_changes.isChecked()))
        has_rows = self.model.rowCount() > 0
        self._middle.setCurrentWidget(self.table if has_rows else self._no_preview)
        if begun is not None and begun.refusal:
            self._no_preview.set_texts(self.tr("Nothing to show"), displayable(begun.refusal))
            if begun.function_line:
                self.form.editor.mark_line(begun.function_line, begun.refusal)
        elif begun is not None and not has_rows:
            self._no_preview.set_texts(self.tr("Nothing would change"), self.tr("No module or name fits the choice."))
        self._draw_depth(book)
        self.form.say_state("" if ended is None else ended.state_words)
        self._draw_outcome(book)

    def _offer(self, book: InitialisingBook) -> None:
        if self._offered is not book.initialisers:
            self._offered = book.initialisers
            self.form.show_initialisers(book.initialisers)

    def _draw_depth(self, book: InitialisingBook) -> None:
        ended = book.ended
        points = () if ended is None else ended.points
        self._right.setCurrentWidget(self.chart if points else self._no_depth)
        if ended is not None and points:
            self.chart.draw_calls(_calls(points))
            self.chart.setToolTip(self._words.depth_tip(ended.depth_words))
        elif ended is not None:
            self._no_depth.set_texts(self.tr("No forward pass"), displayable(ended.depth_words))
        self._fit()

    def _draw_outcome(self, book: InitialisingBook) -> None:
        choice, changes = self.form.choice(), self.context.store.books.changes
        problem = self.form.problem
        is_of_choice = choice is not None and choice == self.asking.previewed
        refusal = problem or (self._words.refusal(book) if is_of_choice else "")
        self.side.set_enabled(
            can_preview=choice is not None,
            obstacle=refusal,
            can_apply=choice is not None and not self.asking.is_applying(book),
            can_undo=self.asking.standing_entry(book, changes) is not None,
        )
        self.side.say(*self._words.outcome(book, self.asking, is_of_choice=is_of_choice, problem=problem))

    # -- parts -----------------------------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        theme = self.context.theme
        self.side = ChoiceSide(theme, self)
        self.form = self.side.form
        self.only_changes = Toggle(self.tr("changes"), self.tr("Only modules and parameters that change"), is_on=False)
        self.depth_toggle = Toggle(
            self.tr("depth"), self.tr("How spread outputs are through the depth, before and after"), is_on=True
        )
        self.model = PreviewModel(self)
        self.table = RowTable(theme, self.model, self.tr("What would change, in the order of apply"), self)
        self.table.setItemDelegate(SpreadDelegate(theme, None, self.table))
        self.table.set_columns(_WIDTHS, PreviewColumn.NOTE)
        self.table.offer_columns([column for column in PreviewColumn if column is not PreviewColumn.NAME])
        self.chart = DepthChart(theme, self)

    def _make_empty_states(self) -> None:
        theme = self.context.theme
        offer = Offer(self.tr("Open..."), lambda: self.context.run_action("file.open"), icon="open")
        text = self.tr("Open a model to give its parameters new starting values.")
        self._nothing = EmptyState(theme, "bars", self.tr("No model"), text, (offer,), self)
        text = self.tr("Choose what to initialise and press Preview: means, spreads and histograms, before and after.")
        self._no_preview = EmptyState(theme, "bars", self.tr("No preview yet"), text, parent=self)
        text = self.tr("A preview runs a copy of the model on the last batch, with the old and with the new values.")
        self._no_depth = EmptyState(theme, "chart", self.tr("No forward pass yet"), text, parent=self)

    def _lay_out(self) -> None:
        self._middle, self._right = QStackedWidget(self), QStackedWidget(self)
        for stack, parts in (
            (self._middle, (self._no_preview, self.table)),
            (self._right, (self._no_depth, self.chart)),
        ):
            for part in parts:
                stack.addWidget(part)
        self._body = QSplitter(Qt.Orientation.Horizontal, self)
        self._body.setHandleWidth(1)
        self._body.setChildrenCollapsible(False)
        for column, stretch in ((self.side, 0), (self._middle, 3), (self._right, 1)):
            self._body.addWidget(column)
            self._body.setStretchFactor(self._body.count() - 1, stretch)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def _connect(self) -> None:
        context = self.context
        context.selection.changed.connect(self._on_selected)
        context.theme.changed.connect(self._fit)
        context.handovers.initialising_wanted.connect(self.choose_place)
        self.form.edited.connect(self._on_edited)
        self.side.follow.clicked.connect(self.take_selection)
        self.side.preview.clicked.connect(self.preview)
        self.side.apply.clicked.connect(self.apply)
        self.side.undo.clicked.connect(lambda: self.asking.take_back(context.store))
        self.depth_toggle.toggled.connect(self._on_depth_asked)
        for toggle in (self.only_changes, self.depth_toggle):
            toggle.toggled.connect(self._on_edited)
        self.table.clicked.connect(self._on_row_clicked)
        self.table.activated_by_key.connect(lambda: self._on_row_clicked(self.table.currentIndex()))
        self.chart.call_clicked.connect(self._select)

    # -- what a person does ----------------------------------------------------------------------------------------

    def preview(self) -> None:
        """Ask what would change."""
        choice = self.form.choice()
        if choice is not None:
            self.asking.preview(choice)
            self._on_edited()

    def apply(self) -> None:
        """Give the new values, at the safe point."""
        choice = self.form.choice()
        if choice is not None:
            self.asking.apply(choice)
            self._on_edited()

    def choose_place(self, fqn: str) -> None:
        """Mean this subtree or parameter."""
        self._followed = fqn
        self.form.set_place(fqn)

    def take_selection(self) -> None:
        """Mean what is selected now, and follow the selection from here on."""
        self.choose_place(self._selected())

    def _selected(self) -> str:
        selection = self.context.selection
        return selection.tensor_fqn or selection.fqn or ""

    def _on_selected(self) -> None:
        if self.form.place.text() == self._followed:
            self.take_selection()

    def _on_edited(self) -> None:
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_depth_asked(self) -> None:
        self._has_asked_for_depth = True

    def _on_row_clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self._select(self.model.row(index.row()).fqn)

    def _select(self, fqn: str) -> None:
        """In the tree; the subtree that is chosen here stays."""
        model = self.context.store.model
        if model is not None:
            self._followed = "\0"  # a click on a row is no wish for another subtree
            self.context.selection.select_named(model, fqn)

    # -- room ------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Parts come, or give way."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Without room for table and chart beside each other the toggle says which of them is there."""
        px = self.context.theme.px
        room = self.width() - px(WIDTH_PX)
        has_room_for_both = room >= px(_LEAST_TABLE_PX + _CHART_PX)
        if not self._has_asked_for_depth:  # until a person says what to see, the table is seen in any case
            with QSignalBlocker(self.depth_toggle):
                self.depth_toggle.setChecked(has_room_for_both)
        wants_depth = self.depth_toggle.isChecked()
        self._right.setVisible(wants_depth)
        self._middle.setVisible(has_room_for_both or not wants_depth)
        self._right.setMinimumWidth(px(_CHART_PX) if has_room_for_both else px(120))
        width = room - (px(_CHART_PX) if wants_depth and has_room_for_both else 0)
        taken = sum(px(width) for width in _WIDTHS.values()) + px(_LEAST_NOTE_PX)
        for column in _GIVE_WAY:
            hides = taken > width
            self.table.setColumnHidden(column, hides)
            taken -= px(_WIDTHS[column]) if hides else 0


def _calls(points: Sequence[DepthPoint]) -> list[DepthCall]:
    """With the number of the call where a module has several."""
    n_calls = Counter(point.fqn for point in points)
    return [
        DepthCall(
            displayable(point.fqn or "model") + (f" ({point.call})" if n_calls[point.fqn] > 1 else ""),
            point.fqn,
            point.before,
            point.after,
        )
        for point in points
    ]
