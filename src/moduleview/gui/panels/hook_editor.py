"""Hooks that a person writes here: tried on a copy, put on the live model, changed by fields, taken off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from moduleview.gui.hook_editor.drafts import MAXIMUM_HOOKS, Drafts
from moduleview.gui.hook_editor.hook_asks import HookAsks
from moduleview.gui.hook_editor.hook_list_model import HookColumn, HookListModel
from moduleview.gui.hook_editor.hook_page import HookPage
from moduleview.gui.hook_editor.hook_side import HookSide
from moduleview.gui.hook_editor.hook_words import HookWords
from moduleview.gui.hook_editor.name_offer import names_at
from moduleview.gui.hook_editor.place_choice import place_from
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState, Offer
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.row_table import RowTable
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.store_view import StoreView
from moduleview.telemetry.user_hooks_messages import UserHookChanged, UserHookKind, UserHookState, WrittenHook

_WIDTHS: dict[int, int] = {HookColumn.STATE: 68, HookColumn.NAME: 60, HookColumn.KIND: 104, HookColumn.CALLS: 52}
_SHARES = (3, 6, 4)
_WATCH_MS = 500
_NARROW_PX, _NARROWEST_PX = 1300, 760  # below, the list keeps state and module; below that a choice takes its place


class HookEditorPanel(Panel):
    """A list, the editor, and what is done with the hook in it."""

    panel_id: ClassVar[str] = "hook_editor"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 14
    needs: ClassVar[Capability] = Capability.INTERVENE

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._revisions: tuple[object, ...] = ()
        self._chosen: str | None = None
        words = HookWords(self)
        self._words = words
        self.drafts = Drafts(self)
        self.asks = HookAsks(context, self.drafts, self)
        self.model = HookListModel(words, self)
        self.table = RowTable(context.theme, self.model, self.tr("Hooks that you wrote"), self)
        self.table.setItemDelegate(CellDelegate(context.theme, None, self.table))
        self.table.set_columns(_WIDTHS, HookColumn.TARGET)
        self.page = HookPage(context.theme, words, self._complete, self)
        self.side = HookSide(context.theme, self)
        self.new = IconButton(context.theme, "plus", self.tr("New hook on what is selected"), self)
        self.delete = IconButton(context.theme, "trash", self.tr("Take this hook off and throw it away"), self)
        self.empty = EmptyState(context.theme, "hook", "", "", (Offer(self.tr("Write a hook"), self._on_new),), self)
        self.side.interrupt.hide()
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._look_whether_stuck)
        self._connect()
        self._lay_out()
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Hook editor")

    def title_controls(self) -> Sequence[QWidget]:
        """New, throw away."""
        return (self.new, self.delete)

    def kept(self) -> str:
        """The texts; which of them are live is not kept."""
        return self.drafts.kept()

    def restore_kept(self, kept: str) -> None:
        """Nothing goes live by itself."""
        self.drafts.restore(kept)

    def refresh(self, store: StoreView) -> None:
        """Show how it stands with the hooks."""
        self._look_whether_stuck()
        revisions = store.books.user_hooks.revision, store.model_revision
        if revisions != self._revisions:
            if self._revisions[1:] != revisions[1:]:
                self.asks.forget_words()
            self._revisions = revisions
            self._show()

    def _look_whether_stuck(self) -> None:
        """Nothing arrives from a thread that does not come back: so it is looked at by the clock, while it may be."""
        may_be_stuck = self.asks.may_be_stuck(self.context.store)
        if may_be_stuck is self.side.interrupt.isHidden():
            self.side.interrupt.setVisible(may_be_stuck)
        is_wanted = self.asks.runs_code(self.context.store) and self.isVisible()
        if is_wanted is not self._watch.isActive():
            self._watch.start() if is_wanted else self._watch.stop()

    def begin_hook(self, fqn: str, *, is_parameter: bool) -> None:
        """A new hook, with the cursor in its code."""
        kind = UserHookKind.TENSOR if is_parameter else UserHookKind.FORWARD
        hook = self.drafts.add(kind, fqn)
        if hook is None:
            self.context.notify(self.tr("{0} hooks are the most: throw one away first.").format(MAXIMUM_HOOKS))
            return
        self._choose(hook.name)
        self.page.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The list makes room for the editor."""
        super().resizeEvent(event)
        px, width = self.context.theme.px, self.width()
        self.table.setVisible(width >= px(_NARROWEST_PX))
        self.side.chooser.setVisible(width < px(_NARROWEST_PX))
        for column in (HookColumn.NAME, HookColumn.KIND, HookColumn.CALLS):
            self.table.setColumnHidden(column, width < px(_NARROW_PX))

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def _hook(self) -> WrittenHook | None:
        return self.drafts.get(self._chosen)

    def _show(self) -> None:
        book = self.asks.book
        self.model.show_hooks(self.drafts.all, book.changed)
        hook = self._hook
        self._stack.setCurrentIndex(0 if hook is not None else 1)
        self.delete.setEnabled(hook is not None)
        if hook is None:
            self._say_empty()
            return
        changed = book.changed.get(hook.name)
        self.page.show_hook(hook)
        self._show_problem(hook, changed)
        is_on = self.asks.is_on(hook.name)
        arguments = changed.arguments if changed is not None and is_on else hook.arguments
        self.side.fields.show_fields(self.page.read.fields, arguments)
        self.side.show_choices([draft.name for draft in self.drafts.all], hook.name)
        self._show_side(hook, changed, is_on=is_on)
        self.asks.ask_for_words(hook)

    def _show_problem(self, hook: WrittenHook, changed: UserHookChanged | None) -> None:
        """That of what happened last; a text that was edited since has none."""
        problem = None if changed is None else changed.problem
        tried = self.asks.book.tried.get(hook.name)
        if problem is None and tried is not None:
            problem = tried.problem
        self.page.show_problem(None if self.asks.is_edited(hook) else problem)

    def _show_side(self, hook: WrittenHook, changed: UserHookChanged | None, *, is_on: bool) -> None:
        side, trying = self.side, self.asks.book.trying.get(hook.name)
        can_run = self.page.read.problem is None and self.context.store.model is not None
        side.dry_run.setEnabled(can_run and trying is None)
        side.go_live.setEnabled(can_run)
        side.go_live.setText(self.tr("Exchange") if is_on else self.tr("Go live"))
        side.take_off.setEnabled(is_on)
        status, role = self._words.status(changed, is_edited=is_on and self.asks.is_edited(hook)), "muted"
        if trying is not None:
            status = trying.reason or self.tr("The dry run is running.")
        elif changed is not None and changed.state is UserHookState.FAILED:
            role = "error"
        elif changed is not None and is_on:
            role = "warning" if changed.note else "success"
        side.show_status(status, role)
        tried = self.asks.book.tried.get(hook.name)
        side.show_result("" if tried is None else self._words.tried(tried))

    def _say_empty(self) -> None:
        if self.context.store.model is None:
            self.empty.set_texts(self.tr("No model is open"), self.tr("Open one to write a hook for it."))
        else:
            line = self.tr("A function of yours on a module or parameter sees what passes there, and may replace it.")
            self.empty.set_texts(self.tr("No hook written yet"), line)

    def _complete(self, code: str, position: int) -> Sequence[str]:
        hook, words = self._hook, self.asks.book.words
        return () if hook is None else names_at(hook, code, position, {} if words is None else words.words)

    # -- what a person does ----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        page, side, drafts, asks = self.page, self.side, self.drafts, self.asks
        drafts.changed.connect(self._on_drafts_changed)
        self.table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        self.new.clicked.connect(self._on_new)
        self.delete.clicked.connect(self._on_delete)
        self.context.handovers.hook_wanted.connect(self._on_wanted)
        page.kind_chosen.connect(lambda kind: self._with_hook(lambda hook: drafts.set_kind(hook.name, kind)))
        page.target_edited.connect(lambda fqn: self._with_hook(lambda hook: drafts.set_fqn(hook.name, fqn)))
        page.target_taken.connect(lambda: self._with_hook(self._take_selection))
        page.options_changed.connect(self._on_options_changed)
        page.code_edited.connect(lambda code: self._with_hook(lambda hook: drafts.set_code(hook.name, code)))
        page.code_read.connect(self._show)
        page.editor.run_asked.connect(lambda: side.dry_run.click())
        side.try_asked.connect(lambda: self._with_hook(asks.try_out))
        side.live_asked.connect(lambda: self._with_hook(asks.go_live))
        side.live_asked.connect(self._look_whether_stuck)
        side.off_asked.connect(lambda: self._with_hook(asks.take_off))
        side.hook_chosen.connect(self._choose)
        side.interrupt_asked.connect(asks.interrupt)
        side.fields.edited.connect(lambda name, value: self._with_hook(lambda hook: asks.set_field(hook, name, value)))

    def _with_hook(self, act: Callable[[WrittenHook], None]) -> None:
        hook = self._hook
        if hook is not None:
            act(hook)

    def _on_wanted(self, fqn: str, is_parameter: bool) -> None:
        self.begin_hook(fqn, is_parameter=is_parameter)

    def _on_new(self) -> None:
        selection, model = self.context.selection, self.context.store.model
        if selection.tensor_fqn is not None:
            fqn = place_from(selection, model, UserHookKind.TENSOR)
            if fqn is not None:
                self.begin_hook(fqn, is_parameter=True)
                return
        self.begin_hook(selection.fqn or "", is_parameter=False)

    def _on_delete(self) -> None:
        hook = self._hook
        if hook is None:
            return
        if self.asks.is_on(hook.name):
            self.asks.take_off(hook)
        row = self.model.row_of(hook.name) or 0
        self.drafts.remove(hook.name)
        left = self.drafts.all
        self._choose(left[min(row, len(left) - 1)].name if left else None)

    def _take_selection(self, hook: WrittenHook) -> None:
        fqn = place_from(self.context.selection, self.context.store.model, hook.kind)
        if fqn is not None:
            self.drafts.set_fqn(hook.name, fqn)
            return
        what = self.tr("parameter") if hook.kind.is_of_parameter else self.tr("module")
        self.context.notify(self.tr("Select a {0} first.").format(what))

    def _on_options_changed(self, with_kwargs: bool, always_call: bool) -> None:
        hook = self._hook
        if hook is not None:
            self.drafts.set_options(hook.name, with_kwargs=with_kwargs, always_call=always_call)

    def _on_drafts_changed(self) -> None:
        if self._hook is None and self.drafts.all:
            self._chosen = self.drafts.all[0].name
        self._show()
        self._point_at_chosen()

    def _on_row_changed(self, row: QModelIndex) -> None:
        if row.isValid():
            self._chosen = self.model.hook(row.row()).name
            self._show()

    def _choose(self, name: str | None) -> None:
        self._chosen = name
        self._show()
        self._point_at_chosen()

    def _point_at_chosen(self) -> None:
        row = self.model.row_of(self._chosen)
        if row is not None and row != self.table.currentIndex().row():
            self.table.selectRow(row)

    def _lay_out(self) -> None:
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        for widget, share in zip((self.table, self.page, self.side), _SHARES, strict=True):
            self._split.addWidget(widget)
            self._split.setStretchFactor(self._split.count() - 1, share)
        self.table.setMinimumWidth(1)
        self._split.setSizes([1000 * share for share in _SHARES])
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._split)
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
