"""One field for each argument of an initialiser, typed as its signature has it."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QSpinBox, QWidget

from moduleview.gui.initialise.words import InitialiserWords
from moduleview.gui.look.theme import Theme
from moduleview.telemetry.initialising_messages import Argument, Initialiser, InitialiserArgument

_LARGEST = 1e30
_LARGEST_INTEGER = 1_000_000


class ArgumentFields(QWidget):
    """The fields of one initialiser at a time."""

    edited = Signal()

    def __init__(self, theme: Theme, words: InitialiserWords, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._words = theme, words
        self._initialiser: Initialiser | None = None
        self.fields: dict[str, QWidget] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(theme.px(8))
        self._form.setVerticalSpacing(theme.px(4))

    def show_arguments(self, initialiser: Initialiser) -> None:
        """Make the fields of this one."""
        if initialiser == self._initialiser:
            return
        self._initialiser = initialiser
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        for argument in initialiser.arguments:
            field = self._make_field(argument)
            field.setAccessibleName(argument.name)
            field.setToolTip(self._words.argument_tip(argument))
            self.fields[argument.name] = field
            self._form.addRow(argument.name, field)
        self.setVisible(bool(self.fields))

    def set_locked(self, names: frozenset[str]) -> None:
        """Those are given by something else now."""
        for name, field in self.fields.items():
            field.setEnabled(name not in names)

    def values(self) -> tuple[tuple[str, Argument], ...]:
        """All arguments that are said."""
        if self._initialiser is None:
            return ()
        pairs = [(one.name, _value_of(self.fields[one.name], one)) for one in self._initialiser.arguments]
        return tuple((name, value) for name, value in pairs if value is not None)

    @property
    def problem(self) -> str:
        """A sentence on what is missing, "" for nothing."""
        for argument in () if self._initialiser is None else self._initialiser.arguments:
            if _value_of(self.fields[argument.name], argument) is None:
                return self.tr("Give a number for {0}.").format(argument.name)
        return ""

    def _make_field(self, argument: InitialiserArgument) -> QWidget:
        if argument.type == "choice":
            box = QComboBox(self)
            box.addItems(argument.choices)
            box.setCurrentText(str(argument.default))
            box.currentTextChanged.connect(lambda _text: self.edited.emit())
            return box
        if argument.type == "bool":
            tick = QCheckBox(self)
            tick.setChecked(bool(argument.default))
            tick.toggled.connect(lambda _on: self.edited.emit())
            return tick
        if argument.type == "int":
            spin = QSpinBox(self)
            spin.setRange(1, _LARGEST_INTEGER)
            spin.setValue(int(argument.default or 1))
            spin.valueChanged.connect(lambda _value: self.edited.emit())
            return spin
        line = QLineEdit("" if argument.default is None else f"{argument.default:g}", self)
        validator = QDoubleValidator(-_LARGEST, _LARGEST, 12, line)
        validator.setLocale(QLocale.c())
        line.setValidator(validator)
        line.setFont(self._theme.mono_font())
        line.setPlaceholderText(self.tr("a number"))
        line.textChanged.connect(lambda _text: self.edited.emit())
        return line


def _value_of(field: QWidget, argument: InitialiserArgument) -> Argument | None:
    if isinstance(field, QComboBox):
        return field.currentText()
    if isinstance(field, QCheckBox):
        return field.isChecked()
    if isinstance(field, QSpinBox):
        return field.value()
    assert isinstance(field, QLineEdit), argument
    try:
        return float(field.text())
    except ValueError:
        return None
