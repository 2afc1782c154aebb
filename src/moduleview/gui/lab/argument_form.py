"""The fields of the chosen step, what the step is for, and what became of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from moduleview.gui.lab.argument_field import ArgumentField, MakeOffers
from moduleview.gui.lab.pipeline import DraftStep
from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.telemetry.lab_pipelines import StepOutcome, StepState


class ArgumentForm(QWidget):
    """A row a field; below them torch's own message, a remark, and what the step is for."""

    edited = Signal(str, str)  # argument, text

    def __init__(self, theme: Theme, make_offers: MakeOffers, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._make_offers = theme, make_offers
        self._shown: DraftStep | None = None
        self.fields: list[ArgumentField] = []
        self._labels: list[QLabel] = []
        self.setAccessibleName(self.tr("Arguments of the step"))
        self._summary = self._make_label("muted")
        self.message = self._make_label("error")
        self.remark = self._make_label("muted")
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._grid)
        self._column.addWidget(self.message)
        self._column.addWidget(self.remark)
        self._column.addWidget(self._summary)
        self._column.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_step(self, step: DraftStep | None, nothing: str = "") -> None:
        """Make the fields of a step; the same step keeps its fields, and the cursor in them."""
        if step is self._shown and step is not None:
            return
        self._shown = step
        for part in (*self._labels, *(field.widget for field in self.fields)):
            self._grid.removeWidget(part)
            part.hide()
            part.deleteLater()
        for field in self.fields:
            field.deleteLater()
        self.fields, self._labels = [], []
        self._summary.setText(nothing if step is None else f"{step.operation.name}: {step.operation.summary}")
        self.show_outcome(None)
        if step is None:
            return
        offers = self._make_offers()
        for row, spec in enumerate(step.operation.arguments):
            field = ArgumentField(spec, step.text(spec.name), offers, self._theme, self)
            field.edited.connect(self.edited)
            label = QLabel(spec.name, self)
            label.setProperty("role", "mono")
            label.setBuddy(field.widget)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(field.widget, row, 1)
            label.show()
            field.widget.show()
            self.fields.append(field)
            self._labels.append(label)

    def show_outcome(self, outcome: StepOutcome | None) -> None:
        """Say what became of the step."""
        is_failed = outcome is not None and outcome.state is StepState.FAILED
        self.message.setText(outcome.error if outcome is not None and is_failed else "")
        self.message.setVisible(is_failed)
        remarks = [] if outcome is None else [outcome.remark]
        if outcome is not None and outcome.duration_s >= 1e-3:
            remarks.append(self.tr("took {0} ms").format(number_format.plain(1000 * outcome.duration_s, 3)))
        self.remark.setText("\n".join(filter(None, remarks)))
        self.remark.setVisible(any(remarks))

    def say(self, error: str) -> None:
        """Show a sentence that concerns the whole pipeline."""
        self.message.setText(error)
        self.message.setVisible(bool(error))

    def focus_first(self) -> None:
        """Begin to type."""
        if self.fields:
            self.fields[0].widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_label(self, role: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("role", role)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(8), px(4), px(8), px(4))
        self._column.setSpacing(px(4))
        self._grid.setHorizontalSpacing(px(8))
        self._grid.setVerticalSpacing(px(4))
