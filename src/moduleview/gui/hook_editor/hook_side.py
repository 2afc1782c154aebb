"""Beside the editor: the buttons, how it stands with the hook, its fields, and what the last dry run has shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from moduleview.gui.hook_editor.fields_form import FieldsForm
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_view import CodeView
from moduleview.gui.widgets.vertical_scroll import VerticalScroll

_LEAST_RESULT_PX = 64
_LEAST_BELOW_PX = 40


class HookSide(QWidget):
    """Says which button was pressed. What stands below the buttons is scrolled where the panel is low."""

    hook_chosen = Signal(str)  # its name
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
        self._below = QWidget(self)
        self.chooser = QComboBox(self._below)  # where there is no room for the list
        self.chooser.setAccessibleName(self.tr("Hook to show"))
        self.chooser.textActivated.connect(self.hook_chosen)
        self.status = QLabel(self._below)
        self.status.setWordWrap(True)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.fields = FieldsForm(theme, self._below)
        self.result = CodeView(theme, self._below)
        self.result.setLineWrapMode(CodeView.LineWrapMode.WidgetWidth)
        self.result.setAccessibleName(self.tr("What the dry run has shown"))
        self.result.setPlaceholderText(self.tr("What a dry run shows stands here."))
        self._scroll = VerticalScroll(theme, self._below, _LEAST_BELOW_PX, self)
        self._lay_out()
        theme.changed.connect(self._space)
        self._space()

    def show_status(self, text: str, role: str) -> None:
        """How it stands with the hook, in the colour of a role; a new state is scrolled to."""
        if text != self.status.text():
            self.status.setText(text)
        if role != self.status.property("role"):
            self._scroll.verticalScrollBar().setValue(0)
            self.status.setProperty("role", role)
            self.status.style().unpolish(self.status)
            self.status.style().polish(self.status)

    def show_result(self, text: str) -> None:
        """What the last dry run has shown; a new one is scrolled to."""
        if text != self.result.code():
            self.result.set_code(text, "text")
            if text:
                self._scroll.ensureWidgetVisible(self.result)

    def show_choices(self, names: Sequence[str], chosen: str) -> None:
        """The hooks that there are, and that which is shown."""
        with QSignalBlocker(self.chooser):
            if names != [self.chooser.itemText(row) for row in range(self.chooser.count())]:
                self.chooser.clear()
                self.chooser.addItems(names)
            self.chooser.setCurrentText(chosen)

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
        self._column.addWidget(self._scroll, 1)
        self._rows = QVBoxLayout(self._below)
        for widget in (self.chooser, self.status, self.fields):
            self._rows.addWidget(widget)
        self._rows.addWidget(self.result, 1)

    def _space(self) -> None:
        px = self._theme.px
        self._buttons.setSpacing(px(6))
        self.result.setMinimumHeight(px(_LEAST_RESULT_PX))
        self._column.setContentsMargins(px(8), px(4), px(8), px(4))
        self._column.setSpacing(px(6))
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(px(6))
