"""Where the cells of the chosen step's result come from; asked for with the pipeline up to that step."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from moduleview.gui.lab.question import Question
from moduleview.gui.lab.where_from_picture import WhereFromPicture
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_pipelines import PictureAnswered, PipelineStep, RequestPicture
from moduleview.telemetry.lab_tensors import LabRefused


class WhereFromView(QWidget):
    """A line of words over the picture."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._question = Question(context)
        self._asked: tuple[int | None, tuple[PipelineStep, ...]] | None = None
        self._remark = ""
        self.refused = ""
        self.picture = WhereFromPicture(context.theme, self)
        self.picture.pointed.connect(self._on_pointed)
        self.words = ElidedLabel(self)
        self.words.setProperty("role", "muted")
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setAccessibleName(self.tr("Where the cells come from"))
        self._scroll.setWidget(self.picture)
        self._scroll.setWidgetResizable(True)
        self._scroll.viewport().setAutoFillBackground(False)
        self.picture.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(context.theme.px(8), 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.words)
        column.addWidget(self._scroll, 1)
        self.setFocusProxy(self.picture)

    def show_step(self, source: int | None, steps: tuple[PipelineStep, ...]) -> None:
        """Ask for the picture of the last of these steps."""
        if (source, steps) == self._asked:
            return
        self._asked, self.refused = (source, steps), ""
        self._question.ask(lambda request: RequestPicture(request, source, steps, len(steps) - 1))

    def take(self, book: LabBook) -> None:
        """Draw what came."""
        answer = self._question.take(book)
        if isinstance(answer, PictureAnswered):
            self._remark = answer.remark or self.tr("Point at a cell, or walk with the arrow keys")
            self.words.set_text(self._remark)
            self.picture.show_picture(answer)
        elif isinstance(answer, LabRefused):
            self.refused = answer.reason

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The grids stand beside each other or below."""
        super().resizeEvent(event)
        self.picture.fit()

    def _on_pointed(self, words: str) -> None:
        self.words.set_text(words or self._remark)
