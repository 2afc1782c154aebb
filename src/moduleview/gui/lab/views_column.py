"""The right of the lab: the tensor at the chosen step as table, image, histogram, spectrum, or where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from moduleview.gui.lab.einsum_picture import EinsumPicture
from moduleview.gui.lab.histogram_view import HistogramView
from moduleview.gui.lab.image_view import ImageView
from moduleview.gui.lab.lab_view import LabView
from moduleview.gui.lab.plane_chooser import PlaneChooser
from moduleview.gui.lab.question import Question
from moduleview.gui.lab.shown_tensor import ShownTensor, layout_words
from moduleview.gui.lab.spectrum_view import SpectrumView
from moduleview.gui.lab.table_view import TableView
from moduleview.gui.lab.value_label import ValueLabel
from moduleview.gui.lab.where_from_view import WhereFromView
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_pipelines import EinsumDrawing, PipelineStep
from moduleview.telemetry.lab_tensors import KeepResult, LabRefused, TensorTaken


class ViewKind(StrEnum):
    """What can be looked at."""

    TABLE = "table"
    IMAGE = "image"
    HISTOGRAM = "histogram"
    SPECTRUM = "spectrum"
    WHERE_FROM = "where from"
    LABELS = "labels"


_WIDE_PX = 640
_SLICED = frozenset((ViewKind.TABLE, ViewKind.IMAGE, ViewKind.HISTOGRAM, ViewKind.SPECTRUM))


@dataclass(frozen=True)
class Sight:
    """What the pipeline has to show at the chosen step.

    Attributes:
        tensors: One, or the parts of a tuple; none where the step gave something else.
        value: What it gave where that is no tensor.
        remark: A sentence on it.
        missing: Why there is nothing; "" where there is.
        picture: Source and steps of which the last can be drawn as cells; None where it cannot.
        einsum: Its labels.
        can_be_kept: It is a result, not a frozen copy.
    """

    tensors: tuple[ShownTensor, ...] = ()
    value: str = ""
    remark: str = ""
    missing: str = ""
    picture: tuple[int | None, tuple[PipelineStep, ...]] | None = None
    einsum: EinsumDrawing | None = None
    can_be_kept: bool = False


class ViewsColumn(QWidget):
    """Only the view that can be seen asks."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._keeping = Question(context)
        self._sight = Sight()
        self.plane = PlaneChooser(context.theme, self)
        self.plane.changed.connect(self._show_current)
        self.views: dict[ViewKind, LabView] = {
            ViewKind.TABLE: TableView(context, self),
            ViewKind.IMAGE: ImageView(context, self),
            ViewKind.HISTOGRAM: HistogramView(context, self),
            ViewKind.SPECTRUM: SpectrumView(context, self),
        }
        self.where_from = WhereFromView(context, self)
        self.einsum = EinsumPicture(context.theme, self)
        self._labels = _scrolled(self.einsum, self)
        self.value = ValueLabel(context.theme, self)
        self._empty = EmptyState(context.theme, "grid", "", "", parent=self)
        self._make_buttons()
        self._lay_out()

    @property
    def kind(self) -> ViewKind:
        """The view that is chosen."""
        return next(kind for kind, button in self.buttons.items() if button.isChecked())

    def show_sight(self, sight: Sight) -> None:
        """Show what the chosen step gives."""
        if sight == self._sight and self._stack.currentWidget() is not self._empty:
            return
        self._sight = sight
        labels = [tensor.label for tensor in sight.tensors]
        if labels != [self.parts.itemText(at) for at in range(self.parts.count())]:
            was_blocked = self.parts.blockSignals(True)  # what is chosen may be a view that this step has not
            self.parts.clear()
            self.parts.addItems(labels)
            self.parts.blockSignals(was_blocked)
        self.parts.setVisible(len(labels) > 1)
        self.keep.setVisible(sight.can_be_kept and bool(labels))
        for kind, is_there in (
            (ViewKind.WHERE_FROM, sight.picture is not None),
            (ViewKind.LABELS, sight.einsum is not None),
        ):
            self.buttons[kind].setVisible(is_there)
            if not is_there and self.buttons[kind].isChecked():
                self.buttons[ViewKind.TABLE].setChecked(True)
        self._show_current()

    def take(self, book: LabBook) -> None:
        """Draw what came."""
        for view in self.views.values():
            view.take(book)
        self.where_from.take(book)
        kept = self._keeping.take(book)
        if isinstance(kept, LabRefused):
            self._context.notify(kept.reason)
        elif isinstance(kept, TensorTaken):
            words = self.tr("Kept as t{0}, {1}")
            self._context.notify(words.format(kept.tensor.tensor_id, displayable(kept.tensor.name)))
        self._show_refusal()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _shown(self) -> ShownTensor | None:
        at = max(self.parts.currentIndex(), 0)
        return self._sight.tensors[at] if at < len(self._sight.tensors) else None

    def _show_current(self) -> None:
        shown, kind, sight = self._shown(), self.kind, self._sight
        self.about.set_text("" if shown is None else self._about(shown))
        self.plane.show_shape(() if shown is None else shown.shape)
        self.plane.setVisible(shown is not None and self.plane.is_needed and kind in _SLICED)
        if kind is ViewKind.WHERE_FROM and sight.picture is not None:
            self.where_from.show_step(*sight.picture)
            self._stack.setCurrentWidget(self.where_from)
        elif kind is ViewKind.LABELS and sight.einsum is not None:
            self.einsum.show_drawing(sight.einsum)
            self._stack.setCurrentWidget(self._labels)
        elif shown is None:
            self._show_no_tensor()
        elif not shown.n_elements:
            self._say(self.tr("No elements"), self.tr("One of its axes has the size 0."))
        elif len(shown.shape) == 0 and shown.text and kind is ViewKind.TABLE:
            self.value.show_value(shown.text, self._about(shown), sight.remark)
            self._stack.setCurrentWidget(self.value)
        else:
            self.views[kind].show_tensor(shown, self.plane.plane)
            self._stack.setCurrentWidget(self.views[kind])
        self._show_refusal()

    def _show_no_tensor(self) -> None:
        sight = self._sight
        if sight.value:
            self.value.show_value(sight.value, self.tr("no tensor, but a Python value"), sight.remark)
            self._stack.setCurrentWidget(self.value)
        else:
            self._say(self.tr("Nothing to look at"), sight.missing)

    def _show_refusal(self) -> None:
        """A view that cannot be shown says why, where it would stand."""
        shown = self._shown()
        refused = ""
        if self.kind in self.views and shown is not None and self.views[self.kind].shown == shown:
            refused = self.views[self.kind].refused
        elif self.kind is ViewKind.WHERE_FROM:
            refused = self.where_from.refused
        if refused:
            self._say(self.tr("Cannot be shown"), refused)

    def _about(self, shown: ShownTensor) -> str:
        return f"{shown.label}  {layout_words(shown.shape, shown.dtype, shown.strides, shown.is_view)}"

    def _say(self, title: str, line: str) -> None:
        self._empty.set_texts(title, line)
        self._stack.setCurrentWidget(self._empty)

    def _keep_result(self) -> None:
        shown = self._shown()
        if shown is not None:
            self._keeping.ask(lambda request: KeepResult(request, shown.tensor_id))

    def _make_buttons(self) -> None:
        words = {
            ViewKind.TABLE: self.tr("Table"),
            ViewKind.IMAGE: self.tr("Image"),
            ViewKind.HISTOGRAM: self.tr("Histogram"),
            ViewKind.SPECTRUM: self.tr("Spectrum"),
            ViewKind.WHERE_FROM: self.tr("Where from"),
            ViewKind.LABELS: self.tr("Labels"),
        }
        self._group = QButtonGroup(self)
        self.buttons: dict[ViewKind, QPushButton] = {}
        for kind, word in words.items():
            button = QPushButton(word, self)
            button.setProperty("role", "toggle")
            button.setCheckable(True)
            button.setAccessibleName(self.tr("Show as: {0}").format(word))
            self._group.addButton(button)
            self.buttons[kind] = button
        self.buttons[ViewKind.TABLE].setChecked(True)
        self._group.buttonClicked.connect(lambda _button: self._show_current())
        self.parts = QComboBox(self)
        self.parts.setAccessibleName(self.tr("Which of the results"))
        self.parts.currentIndexChanged.connect(lambda _index: self._show_current())
        self.keep = QPushButton(self.tr("Keep"), self)
        self.keep.setAccessibleName(self.tr("Keep the result as a tensor of the lab"))
        self.keep.setToolTip(self.keep.accessibleName())
        self.keep.clicked.connect(self._keep_result)
        self.about = ElidedLabel(self)
        self.about.setProperty("role", "mono")
        self.about.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _lay_out(self) -> None:
        self._bar = QHBoxLayout()
        for button in self.buttons.values():
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self._bar.addWidget(button)
        self._bar.addStretch(1)
        self._second = QHBoxLayout()
        self._is_wide: bool | None = None
        self._stack = QStackedLayout()
        for part in (self._empty, *self.views.values(), self.where_from, self._labels, self.value):
            part.setMinimumSize(1, 1)
            self._stack.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addLayout(self._second)
        column.addWidget(self.plane)
        column.addLayout(self._stack, 1)
        self._context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow column what is shown is said in a line of its own."""
        super().resizeEvent(event)
        is_wide = self.width() >= self._context.theme.px(_WIDE_PX)
        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        for part in (self.parts, self.about, self.keep):
            self._bar.removeWidget(part)
            self._second.removeWidget(part)
            (self._bar if is_wide else self._second).addWidget(part, 1 if part is self.about else 0)

    def _on_theme_changed(self) -> None:
        px = self._context.theme.px
        self._second.setContentsMargins(px(8), 0, px(8), px(2))
        self._second.setSpacing(px(4))
        self._bar.setContentsMargins(px(8), px(4), px(8), px(4))
        self._bar.setSpacing(px(2))


def _scrolled(content: QWidget, parent: QWidget) -> QScrollArea:
    """Scrolled where there is less room than it takes."""
    area = QScrollArea(parent)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(content)
    area.setAccessibleName(content.accessibleName())
    for part in (content, area.viewport()):
        part.setAutoFillBackground(False)
    return area
