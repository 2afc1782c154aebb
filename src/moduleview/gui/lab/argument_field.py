"""One argument of an operation as a field, made from its description alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

_TENSOR_KINDS = frozenset((ArgumentKind.TENSOR, ArgumentKind.TENSORS, ArgumentKind.OPERAND))
_LIST_KINDS = frozenset((ArgumentKind.CHOICE, ArgumentKind.DTYPE, ArgumentKind.BOOLEAN))
_WHOLE = re.compile(r"[+-]?\d+\Z")
_WIDTH_PX = 64


class NumberEdit(QLineEdit):
    """Text; where it is a whole number, Up and Down count."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Count, or type."""
        by = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        text = self.text().strip() or self.placeholderText().strip()
        if by and _WHOLE.match(text):
            self.setText(str(int(text) + by))
        else:
            super().keyPressEvent(event)


class ArgumentField(QObject):
    """Makes the widget and says what stands in it.

    Args:
        spec: What may be typed.
        text: What stands there at first.
        tensors: What can be named: the text, and words that say what it is.
        dtypes: torch's names.
        theme: Fonts.
        parent: Owner of the widget.
    """

    edited = Signal(str, str)  # argument, text

    def __init__(
        self,
        spec: ArgumentSpec,
        text: str,
        offers: tuple[Sequence[tuple[str, str]], Sequence[str]],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.spec = spec
        self._text = text  # a box that is chosen from has replaced its own before it says so
        tensors, dtypes = offers
        if spec.kind in _TENSOR_KINDS:
            self.widget: QWidget = self._make_tensor_box(text, tensors, parent)
        elif spec.kind in _LIST_KINDS:
            choices = spec.choices or (("True", "False") if spec.kind is ArgumentKind.BOOLEAN else tuple(dtypes))
            self.widget = self._make_box(text, choices, parent)
        else:
            self.widget = self._make_edit(text, parent)
        words = f"{spec.name}: {spec.hint}" if spec.hint else spec.name
        self.widget.setAccessibleName(words)
        self.widget.setToolTip(spec.hint or self._kind_words())
        edit = self.widget.lineEdit() if isinstance(self.widget, QComboBox) else None
        for part in (self.widget, edit):
            if part is not None:
                part.setFont(theme.mono_font())
        self.widget.setMinimumWidth(theme.px(_WIDTH_PX))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _make_edit(self, text: str, parent: QWidget) -> QLineEdit:
        edit = NumberEdit(parent) if self.spec.kind is ArgumentKind.INTEGER else QLineEdit(parent)
        edit.setText(text)
        edit.setPlaceholderText(self._placeholder())
        edit.textChanged.connect(self._say)
        return edit

    def _make_box(self, text: str, choices: Sequence[str], parent: QWidget) -> QComboBox:
        box = QComboBox(parent)
        if self.spec.is_optional and "" not in choices:
            box.addItem(self.tr("(as torch does)"), "")
        for choice in choices:
            box.addItem(choice or self.tr("(as torch does)"), choice)
        box.setCurrentIndex(max(box.findData(text), 0))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.currentIndexChanged.connect(lambda index: self._say(str(box.itemData(index))))
        return box

    def _make_tensor_box(self, text: str, tensors: Sequence[tuple[str, str]], parent: QWidget) -> QComboBox:
        box = QComboBox(parent)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setCompleter(None)  # type: ignore[arg-type]
        for name, words in tensors:
            box.addItem(f"{name}  {words}", name)
        box.setEditText(text)
        edit = box.lineEdit()
        assert edit is not None
        edit.setPlaceholderText(self._placeholder())
        edit.setAccessibleName(self.spec.name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.activated.connect(lambda index: self._put_name(box, str(box.itemData(index))))
        edit.textEdited.connect(self._say)
        return box

    def _put_name(self, box: QComboBox, name: str) -> None:
        """A chosen tensor is written as its name; into a list it comes at the end."""
        box.setEditText(self._written(name))
        self._say(box.currentText())

    def _written(self, name: str) -> str:
        before = self._text.strip().rstrip(",")
        return f"{before}, {name}" if before and self.spec.kind is ArgumentKind.TENSORS else name

    def _say(self, text: str) -> None:
        self._text = text
        self.edited.emit(self.spec.name, text)

    def _placeholder(self) -> str:
        if self.spec.hint:
            return self.spec.hint
        return self.tr("as torch does") if self.spec.is_optional else self._kind_words()

    def _kind_words(self) -> str:
        return {
            ArgumentKind.INTEGER: self.tr("whole number"),
            ArgumentKind.INTEGERS: self.tr("whole numbers: 2, 3"),
            ArgumentKind.NUMBER: self.tr("number"),
            ArgumentKind.BOOLEAN: self.tr("True or False"),
            ArgumentKind.CHOICE: self.tr("one of the list"),
            ArgumentKind.DTYPE: self.tr("type of the elements"),
            ArgumentKind.INDEX: "[:, None, ::2]",
            ArgumentKind.TENSOR: self.tr("t1, x or [0, 2]"),
            ArgumentKind.TENSORS: self.tr("x, t1, t2"),
            ArgumentKind.OPERAND: self.tr("t1, x or a number"),
            ArgumentKind.EQUATION: "ij,jk->ik",
            ArgumentKind.NORM: self.tr("fro, nuc, inf or a number"),
            ArgumentKind.LITERAL: "[[1, 2.5], [3, 4]]",
        }[self.spec.kind]


MakeOffers = Callable[[], tuple[Sequence[tuple[str, str]], Sequence[str]]]
"""Tensors that can be named, and dtypes."""
