"""Asks for the arguments of a change: one form for every kind, filled with what stands there now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from moduleview.gui.dialogs.base import Dialog
from moduleview.gui.interventions.argument_field import ArgumentField
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.changes_messages import (
    Argument,
    ChangeField,
    ChangeKind,
    ChangePrepared,
    MakeChange,
    PrepareChange,
)
from moduleview.telemetry.display_names import displayable

_WIDTH_PX = 420
_LOOK_MS = 30  # at the answer, while one is waited for


class ChangeForm(Dialog):
    """Stays open until the change was made: what was refused is said here, and nothing typed is lost.

    Args:
        context: Store and send.
        kind: What is to be changed.
        fqn: Of what.
        preset: Values by name that are better than the defaults.
        parent: The window.
    """

    def __init__(
        self,
        context: PanelContext,
        kind: ChangeKind,
        fqn: str,
        parent: QWidget,
        preset: Mapping[str, Argument] | None = None,
    ) -> None:
        super().__init__(context.theme, kind.title, parent)
        self.setObjectName("change_form")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context, self._kind, self._fqn, self._preset = context, kind, fqn, dict(preset or {})
        self._book = context.store.books.changes
        self._request: int | None = None
        self._is_refused = False
        self._answered_before = self._book.prepared
        place = self.add_text(displayable(fqn) if fqn else self.tr("The whole model"))
        place.setFont(context.theme.mono_font())
        self.add_text(kind.summary, "muted")
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(context.theme.px(16))
        self._form.setVerticalSpacing(context.theme.px(8))
        self.body.addLayout(self._form)
        self.fields: list[ArgumentField] = []
        self._problem = self.add_text("", "error")
        self._cancel_button = self.add_button(self.tr("Cancel"), self.reject)
        self.apply_button = self.add_button(self.tr("&Apply"), self._on_apply, is_primary=True)
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._look_for_answer)
        self.finished.connect(self._look.stop)
        self._show_fields(kind.fields)
        self.setMinimumWidth(context.theme.px(_WIDTH_PX))
        context.send(PrepareChange(kind.kind, fqn))
        self._look.start()

    @property
    def problem(self) -> str:
        """The sentence about what is wrong, "" when nothing is."""
        return self._problem.text()

    def event(self, event: QEvent) -> bool:
        """Be as high as the words need, whatever comes or goes; ``adjustSize()`` cuts wrapped lines."""
        if event.type() != QEvent.Type.LayoutRequest:
            return super().event(event)  # after which it may be deleted
        is_done, layout = super().event(event), self.layout()
        if layout is not None:
            width = max(self.width(), self.theme.px(_WIDTH_PX))
            self.resize(width, layout.totalHeightForWidth(width))
        return is_done

    def _show_fields(self, fields: Sequence[ChangeField]) -> None:
        had_keyboard = next((one.field.name for one in self.fields if one.widget is self.focusWidget()), "")
        lines = [(one.field.name, one.widget) for one in self.fields if isinstance(one.widget, QLineEdit)]
        typed = {name: line.text() for name, line in lines if line.isModified()}
        self._preset.update({one.field.name: self._typed(one) for one in self.fields if self._is_edited(one)})
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = []
        for field in fields:
            suggestions = self._context.store.quantities() if field.name == "quantity" else ()
            value = self._preset.get(field.name, field.default)
            made = ArgumentField(field, value, suggestions, self.theme, self)
            if field.name in typed and isinstance(made.widget, QLineEdit):
                made.widget.setText(typed[field.name])  # half a number too
                made.widget.setModified(True)
            made.edited.connect(self._on_edited)
            self._form.addRow(made.title, made.widget)
            self.fields.append(made)
        self._on_edited()
        self._give_keyboard(had_keyboard)

    def _give_keyboard(self, name: str) -> None:
        """A person types the first number at once, or goes on in the field of this name, where they were."""
        for before, after in pairwise([*(one.widget for one in self.fields), self._cancel_button, self.apply_button]):
            self.setTabOrder(before, after)
        named = [one for one in self.fields if one.field.name == name]
        for one in (*named, *self.fields)[:1]:
            one.widget.show()  # the layout would only do so later, and what is hidden cannot have the keyboard
            one.widget.setFocus(Qt.FocusReason.TabFocusReason)  # which selects what stands in a line
            if isinstance(one.widget, QLineEdit) and one.widget.isModified():
                one.widget.end(False)  # the next key must not replace what was typed
        if not self.fields:
            self.apply_button.setFocus()

    def _arguments(self) -> dict[str, Argument]:
        return {one.field.name: one.value() for one in self.fields}

    def _on_edited(self) -> None:
        try:
            self._arguments()
        except ValueError as error:
            self._say(str(error))
        else:
            if not self._is_refused:
                self._say("")

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.apply_button.setEnabled(not problem and self._request is None)

    def _on_apply(self) -> None:
        self._request = time.monotonic_ns()  # another form may be open
        self._context.send(MakeChange(self._request, self._kind.kind, self._fqn, self._arguments()))
        self.apply_button.setEnabled(False)  # until it is answered
        self._look.start()

    def _look_for_answer(self) -> None:
        prepared, answer = self._book.prepared, self._book.answers.get(self._request or 0)
        if answer is not None and self._request is not None:
            self._request = None
            self._look.stop()
            if answer.refusal:
                self._say(answer.refusal)
                self.apply_button.setEnabled(True)  # something else may have been done about it
            else:
                self.accept()
        elif prepared is not None and prepared is not self._answered_before and self._request is None:
            self._take_prepared(prepared)

    def _take_prepared(self, prepared: ChangePrepared) -> None:
        self._answered_before = prepared
        if (prepared.kind, prepared.fqn) != (self._kind.kind, self._fqn):
            return
        self._look.stop()
        self._is_refused = bool(prepared.refusal)
        if prepared.refusal:
            self._say(prepared.refusal)
        elif [one.field for one in self.fields] != list(prepared.fields):
            self._show_fields(prepared.fields)

    def _is_edited(self, one: ArgumentField) -> bool:
        return self._typed(one) != self._preset.get(one.field.name, one.field.default)

    @staticmethod
    def _typed(one: ArgumentField) -> Argument:
        try:
            return one.value()
        except ValueError:
            return one.field.default
