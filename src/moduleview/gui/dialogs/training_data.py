"""Gives a bare model random data, a loss and an optimizer, so that it can train; shows the code that stands for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLocale
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QSpinBox, QWidget

from moduleview.errors import TaskError
from moduleview.gui.dialogs.base import Dialog, Outlined
from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.shapes import read_shapes, write_shapes
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.commands import Command, SetTrainingData
from moduleview.telemetry.training_data_code import CLASS_LOSSES, DTYPES, INTEGER_DTYPES, LOSSES, preview_code

_WIDTH_PX, _HEIGHT_PX = 640, 560
_MAXIMUM_CLASSES = 10_000_000
_FIRST_GUESS = SetTrainingData(input_shapes=((32, 1, 28, 28),))


class TrainingDataDialog(Dialog):
    """Input shapes, their type, a loss, a learning rate. ``Use this`` sends them to the source.

    Args:
        title: Name of the model.
        send: Passes the command on.
        theme: Colours, fonts, zoom.
        parent: The window.
        proposed: What stands in the fields at first: what was applied last, if anything was.
        obstacle: Why this model cannot train on any data, if it cannot.
    """

    def __init__(
        self,
        title: str,
        send: Callable[[Command], None],
        theme: Theme,
        parent: QWidget | None = None,
        proposed: SetTrainingData | None = None,
        obstacle: str = "",
    ) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("Training data for {0}").format(title))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("training_data_dialog")
        self.setModal(True)
        self._send, self._obstacle = send, obstacle
        text = self.tr("This model came without data. With random batches it trains on noise: enough to see gradients.")
        self.add_text(text, "muted")
        self._make_fields(proposed or _FIRST_GUESS)
        self._add_form()
        self._problem = self.add_text("", "error")
        self.preview = CodeView(theme, self)
        self.preview.setAccessibleName(self.tr("The code that this stands for"))
        self.add_text(self.tr("The code that this stands for"), "caption")
        self.body.addWidget(Outlined(theme, self.preview, self), 1)
        self.add_button(self.tr("Cancel"), self.reject)
        self.use_button = self.add_button(self.tr("&Use this"), self._on_use, is_primary=True)
        self._connect()
        self._on_edited()
        self.shapes.setFocus()
        self.shapes.selectAll()
        self.resize(theme.px(_WIDTH_PX), theme.px(_HEIGHT_PX))

    def command(self) -> SetTrainingData:
        """What the fields say.

        Raises:
            TaskError: They do not say it yet; the sentence tells what is missing.
        """
        return SetTrainingData(
            input_shapes=read_shapes(self.shapes.text()),
            dtype=self.dtype.currentText(),
            loss=self.loss.currentText(),
            n_classes=self.classes.value(),
            learning_rate=self._learning_rate(),
        )

    @property
    def problem(self) -> str:
        """The sentence about what is wrong with the fields, "" when nothing is."""
        return self._problem.text()

    def _make_fields(self, proposed: SetTrainingData) -> None:
        self.shapes = QLineEdit(write_shapes(proposed.input_shapes), self)
        self.shapes.setAccessibleName(self.tr("Input shapes"))
        self.shapes.setToolTip(self.tr("Batch first; a comma between the inputs of forward, as 32 × 16, 32 × 8"))
        self.dtype = self._make_box(DTYPES, proposed.dtype, self.tr("Type of the inputs"))
        self.loss = self._make_box(LOSSES, proposed.loss, self.tr("Loss"))
        self.classes = QSpinBox(self)
        self.classes.setRange(1, _MAXIMUM_CLASSES)
        self.classes.setValue(proposed.n_classes)
        self.classes.setAccessibleName(self.tr("Number of classes"))
        self.rate = QLineEdit(f"{proposed.learning_rate:g}", self)
        validator = QDoubleValidator(0.0, 1e6, 12, self.rate)
        validator.setLocale(QLocale.c())
        self.rate.setValidator(validator)
        self.rate.setAccessibleName(self.tr("Learning rate"))
        for field in (self.shapes, self.dtype, self.loss, self.classes, self.rate):
            field.setFont(self.theme.mono_font())

    def _make_box(self, items: tuple[str, ...], chosen: str, name: str) -> QComboBox:
        box = QComboBox(self)
        box.addItems(items)
        box.setCurrentText(chosen)
        box.setAccessibleName(name)
        return box

    def _add_form(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(self.theme.px(16))
        form.setVerticalSpacing(self.theme.px(8))
        form.addRow(self.tr("Input shapes"), self.shapes)
        form.addRow(self.tr("Type of the inputs"), self.dtype)
        form.addRow(self.tr("Loss"), self.loss)
        form.addRow(self.tr("Classes"), self.classes)
        form.addRow(self.tr("Learning rate"), self.rate)
        self.body.addLayout(form)

    def _connect(self) -> None:
        self.shapes.textChanged.connect(self._on_edited)
        self.dtype.currentTextChanged.connect(self._on_edited)
        self.loss.currentTextChanged.connect(self._on_edited)
        self.classes.valueChanged.connect(self._on_edited)
        self.rate.textChanged.connect(self._on_edited)

    def _on_edited(self) -> None:
        takes_classes = self.loss.currentText() in CLASS_LOSSES or self.dtype.currentText() in INTEGER_DTYPES
        self.classes.setEnabled(takes_classes)
        try:
            code, problem = preview_code(self.command()), ""
        except TaskError as error:
            code, problem = self.preview.code(), str(error)  # the last good one stays, so that nothing jumps
        problem = self._obstacle or problem
        self.preview.set_code(code)
        self._problem.setText(problem)
        self.preview.setEnabled(not problem)
        self.use_button.setEnabled(not problem)

    def _on_use(self) -> None:
        self._send(self.command())
        self.accept()

    def _learning_rate(self) -> float:
        try:
            return float(self.rate.text())
        except ValueError:
            raise TaskError(self.tr("The learning rate is no number; give one such as 0.001.")) from None
