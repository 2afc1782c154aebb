"""One field for each keyword-only parameter of a hook, or argument of a partial; what is set there is bound to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.telemetry.user_hook_arguments import python_words, value_of
from moduleview.telemetry.user_hook_code import HookField
from moduleview.telemetry.user_hooks_messages import Argument, PythonLiteral


class FieldsForm(QWidget):
    """Switches, choices and lines, by the type of each default."""

    edited = Signal(str, object)  # name, value

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fields: tuple[HookField, ...] = ()
        self.widgets: dict[str, QWidget] = {}
        self.problems: dict[str, QLabel] = {}  # below a line, what is wrong with what stands in it
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        theme.changed.connect(self._space)
        self._space()

    def show_fields(self, fields: Sequence[HookField], values: Mapping[str, Argument]) -> None:
        """Make the fields where they are others, and show these values; a default where one does not fit."""
        if tuple(fields) != self._fields:
            self._fields = tuple(fields)
            while self._form.rowCount():
                self._form.removeRow(0)
            self.problems = {}
            self.widgets = {field.name: self._made(field) for field in fields}
            for name, widget in self.widgets.items():
                widget.setAccessibleName(name)
                self._form.addRow(name, widget)
                if name in self.problems:
                    self._form.addRow(self.problems[name])
                    self._form.setRowVisible(self.problems[name], False)
        for field in fields:
            value = values.get(field.name, field.default)
            self._show(field, value if field.fits(value) else field.default)
        self.setVisible(bool(fields))

    def _made(self, field: HookField) -> QWidget:
        if field.choices:
            box = QComboBox(self)
            for choice in field.choices:
                box.addItem(_shown(choice))
            box.activated.connect(lambda row: self.edited.emit(field.name, field.choices[row]))
            return box
        if isinstance(field.default, bool):
            tick = QCheckBox(self)
            tick.toggled.connect(lambda is_on: self.edited.emit(field.name, is_on))
            return tick
        line = QLineEdit(self)
        line.editingFinished.connect(lambda: self._on_line_edited(field, line))
        problem = self.problems[field.name] = QLabel(self)
        problem.setAccessibleName(self.tr("What is wrong with {0}").format(field.name))
        problem.setProperty("role", "error")
        problem.setWordWrap(True)
        problem.setTextFormat(Qt.TextFormat.PlainText)
        return line

    def _show(self, field: HookField, value: Argument) -> None:
        widget = self.widgets[field.name]
        with QSignalBlocker(widget):
            if isinstance(widget, QComboBox):
                widget.setCurrentIndex(field.choices.index(value))
            elif isinstance(widget, QCheckBox):
                widget.setChecked(bool(value))
            elif isinstance(widget, QLineEdit) and not (widget.hasFocus() and widget.isModified()):
                widget.setText(_shown(value))
                self._say_wrong(field, widget, "")

    def _on_line_edited(self, field: HookField, line: QLineEdit) -> None:
        if not line.isModified():
            return
        line.setModified(False)
        value = _read(field, line.text())
        if value is None:
            self._say_wrong(field, line, self._what_it_takes(field))
            return
        self._say_wrong(field, line, "")
        self.edited.emit(field.name, value)

    def _what_it_takes(self, field: HookField) -> str:
        default = _shown(field.default)
        if isinstance(field.default, PythonLiteral):
            if value_of(field.default) is None:
                text = self.tr("{0} takes a value as Python writes it, for example None, 3, 'mean' or [1, 2].")
                return text.format(field.name)
            kind = type(value_of(field.default)).__name__
            return self.tr("{0} takes a {1} as Python writes it, for example {2}.").format(field.name, kind, default)
        kind = self.tr("a whole number") if isinstance(field.default, int) else self.tr("a number")
        return self.tr("{0} takes {1}, for example {2}.").format(field.name, kind, default)

    def _say_wrong(self, field: HookField, line: QLineEdit, message: str) -> None:
        problem = self.problems[field.name]
        problem.setText(message)
        self._form.setRowVisible(problem, bool(message))
        colour = self._theme.tokens.error
        line.setStyleSheet(f"QLineEdit {{ border-color: {colour}; color: {colour}; }}" if message else "")

    def _space(self) -> None:
        self._form.setHorizontalSpacing(self._theme.px(8))
        self._form.setVerticalSpacing(self._theme.px(4))


def _shown(value: Argument) -> str:
    if isinstance(value, (int, PythonLiteral)):
        return python_words(value)
    return str(value)


def _read(field: HookField, text: str) -> Argument | None:
    if isinstance(field.default, str):
        return text
    if isinstance(field.default, PythonLiteral):
        value = PythonLiteral(text.strip())
        return value if field.fits(value) else None
    try:
        if isinstance(field.default, int):
            return int(text, 16) if "x" in text else int(text)
        return float(text)
    except ValueError:
        return None
