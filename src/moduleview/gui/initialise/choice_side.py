"""The left of the panel: the fields, what became of them in a sentence, and the buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.initialise.choice_form import ChoiceForm
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.gui.widgets.vertical_scroll import VerticalScroll

WIDTH_PX = 304
_LEAST_FORM_PX = 36


class ChoiceSide(QWidget):
    """Holds the form and three buttons."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.form = ChoiceForm(theme, self)
        self.follow = IconButton(theme, "follow", self.tr("Take what is selected in the tree"), self.form)
        self.form.add_beside_place(self.follow)
        self.preview = QPushButton(self.tr("Preview"), self)
        self.preview.setToolTip(self.tr("Computes on a copy; the model stays as it is"))
        self.apply = QPushButton(self.tr("Apply"), self)
        self.undo = QPushButton(self.tr("Undo"), self)
        self.undo.setToolTip(self.tr("Brings the old values back, to the bit"))
        self._outcome = QLabel(self)
        self._outcome.setTextFormat(Qt.TextFormat.PlainText)
        self._outcome.setWordWrap(True)
        self._outcome.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._lay_out()
        self.say("", "caption")

    def say(self, text: str, role: str) -> None:
        """What became of the choice."""
        if (text, role) == (self._outcome.text(), self._outcome.property("role")):
            return
        self._outcome.setText(text)
        self._outcome.setToolTip(plain_tip(text))
        self._outcome.setVisible(bool(text))
        self._outcome.setProperty("role", role)
        self._outcome.style().unpolish(self._outcome)
        self._outcome.style().polish(self._outcome)

    @property
    def said(self) -> str:
        """The sentence."""
        return self._outcome.text()

    def set_enabled(self, *, can_preview: bool, obstacle: str, can_apply: bool, can_undo: bool) -> None:
        """Which buttons can be pressed, and why Apply cannot."""
        self.preview.setEnabled(can_preview)
        self.apply.setEnabled(can_apply and not obstacle)
        self.apply.setToolTip(plain_tip(obstacle or self.tr("Gives the new values at the next safe point")))
        self.undo.setEnabled(can_undo)

    def _lay_out(self) -> None:
        px = self._theme.px
        row = QHBoxLayout()
        row.setSpacing(px(8))
        for button in (self.preview, self.apply, self.undo):
            row.addWidget(button)
        row.addStretch(1)
        below = QVBoxLayout()
        below.setContentsMargins(px(8), px(4), px(8), px(4))
        below.setSpacing(px(4))
        below.addWidget(self._outcome)
        below.addLayout(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(VerticalScroll(self._theme, self.form, _LEAST_FORM_PX, self), 1)
        column.addWidget(HorizontalRule(self))
        column.addLayout(below)
        self.setMinimumWidth(px(WIDTH_PX))
