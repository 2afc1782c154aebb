"""One field of a form, made from what is said of an argument."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.telemetry.changes_messages import Argument, ChangeField, FieldKind


class ArgumentField(QObject):
    """A line, a box with choices or a check box, and what stands in it.

    Args:
        field: What is said of it.
        value: Stands there at first.
        suggestions: Of a text.
        theme: Fonts.
        parent: Owner of the widget.
    """

    edited = Signal()

    def __init__(
        self, field: ChangeField, value: Argument, suggestions: Sequence[str], theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.field = field
        self.widget: QLineEdit | QComboBox | QCheckBox
        if field.kind is FieldKind.SWITCH:
            self.widget = QCheckBox(parent)
            self.widget.setChecked(bool(value))
            self.widget.toggled.connect(self.edited)
        elif field.kind is FieldKind.CHOICE or suggestions:
            self.widget = QComboBox(parent)
            self.widget.setEditable(field.kind is not FieldKind.CHOICE)
            self.widget.addItems(list(field.choices or suggestions))
            self.widget.setCurrentText(str(value))
            self.widget.currentTextChanged.connect(self.edited)
        else:
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            self.widget = QLineEdit(shown, parent)
            self.widget.setFont(theme.mono_font())
            self.widget.textChanged.connect(self.edited)
        self.widget.setAccessibleName(self.title)
        self.widget.setToolTip(field.tip)
        self.widget.setObjectName(f"argument.{field.name}")

    @property
    def title(self) -> str:
        """On the form, with the unit."""
        return f"{self.field.title} ({self.field.unit})" if self.field.unit else self.field.title

    def value(self) -> Argument:
        """What stands there.

        Raises:
            ValueError: It is no number, or one that is not allowed; the sentence says what is.
        """
        if isinstance(self.widget, QCheckBox):
            return self.widget.isChecked()
        text = self.widget.currentText() if isinstance(self.widget, QComboBox) else self.widget.text()
        if self.field.kind in (FieldKind.CHOICE, FieldKind.TEXT):
            return text.strip()
        return self._number(text)

    def _number(self, text: str) -> float | int:
        is_whole = self.field.kind is FieldKind.INTEGER
        try:
            number: float | int = int(text) if is_whole else float(text)
        except ValueError:
            kind = self.tr("whole number") if is_whole else self.tr("number")
            raise ValueError(self.tr("{0} is no {1}.").format(self.field.title, kind)) from None
        low, high = self.field.minimum, self.field.maximum
        if low is not None and (number < low or (self.field.is_above_minimum and number == low)):
            sentence = (
                self.tr("{0} must be above {1}.") if self.field.is_above_minimum else self.tr("{0} is at least {1}.")
            )
            raise ValueError(sentence.format(self.field.title, f"{low:g}"))
        if not math.isfinite(number) or (high is not None and number > high):
            limit = self.tr("finite") if high is None else f"≤ {high:g}"
            raise ValueError(self.tr("{0} must be {1}.").format(self.field.title, limit))
        return number
