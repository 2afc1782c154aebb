"""Beside the editor: the buttons, how it stands with the hook, its fields, and what the last dry run has shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from moduleview.gui.hook_editor.fields_form import FieldsForm
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_view import CodeView

_LEAST_RESULT_PX = 24
_MOST_FIELDS_PX = 84  # three of them; more are scrolled to


class HookSide(QWidget):
    """Says which button was pressed."""

    try_asked = Signal()
    live_asked = Signal()
    off_asked = Signal()
    interrupt_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.dry_run = self._button(
            self.tr("Dry run"), self.tr("Run it once on the last batch and a copy (Ctrl+Enter)")
        )
        self.go_live = self._button(self.tr("Go live"), self.tr("Put it on at the next safe point"))
        self.take_off = self._button(self.tr("Take off"), self.tr("Take it off at the next safe point"))
        self.interrupt = self._button(self.tr("Interrupt"), self.tr("End the hook that runs now; training goes on"))
        for button, signal in (
            (self.dry_run, self.try_asked),
            (self.go_live, self.live_asked),
            (self.take_off, self.off_asked),
            (self.interrupt, self.interrupt_asked),
        ):
            button.clicked.connect(signal)
        self.status = QLabel(self)
        self.status.setWordWrap(True)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.fields = FieldsForm(theme, self)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setWidget(self.fields)
        self._scroll.viewport().setAutoFillBackground(False)
        self.fields.setAutoFillBackground(False)  # setWidget has switched it on
        self.result = CodeView(theme, self)
        self.result.setLineWrapMode(CodeView.LineWrapMode.WidgetWidth)
        self.result.setAccessibleName(self.tr("What the dry run has shown"))
        self.result.setPlaceholderText(self.tr("What a dry run shows stands here."))
        self._lay_out()
        theme.changed.connect(self._space)
        self._space()

    def show_status(self, text: str, role: str) -> None:
        """How it stands with the hook, in the colour of a role."""
        if text != self.status.text():
            self.status.setText(text)
        if role != self.status.property("role"):
            self.status.setProperty("role", role)
            self.status.style().unpolish(self.status)
            self.status.style().polish(self.status)

    def fit_fields(self) -> None:
        """Give the fields the room that they need, up to three of them."""
        wanted = self.fields.sizeHint().height() if self.fields.widgets else 0
        self._scroll.setFixedHeight(min(wanted, self._theme.px(_MOST_FIELDS_PX)))
        self._scroll.setVisible(bool(wanted))

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        return button

    def _lay_out(self) -> None:
        self._buttons = QGridLayout()
        for column, button in enumerate((self.dry_run, self.go_live, self.take_off)):
            self._buttons.addWidget(button, 0, column)
        self._buttons.addWidget(self.interrupt, 1, 0, 1, 3)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._buttons)
        self._column.addWidget(self.status)
        self._column.addWidget(self._scroll)
        self._column.addWidget(self.result, 1)

    def _space(self) -> None:
        px = self._theme.px
        self._buttons.setSpacing(px(6))
        self.result.setMinimumHeight(px(_LEAST_RESULT_PX))
        self._column.setContentsMargins(px(8), px(4), px(8), px(4))
        self._column.setSpacing(px(6))
        self.fit_fields()
