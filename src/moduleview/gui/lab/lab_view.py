"""What a view of the lab is: something that shows a tensor, and asks for what it needs while it can be seen."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from moduleview.gui.lab.question import Question
from moduleview.gui.lab.shown_tensor import ShownTensor
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_tensors import LabRefused
from moduleview.telemetry.lab_views import Plane


class LabView(QWidget):
    """Children override ``ask`` and ``show_answer``.

    Attributes:
        shown: The tensor that it shows.
        plane: The slice of it that is chosen.
        refused: Why nothing is shown; "" where something is.
    """

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self.context = context
        self.question = Question(context)
        self.shown: ShownTensor | None = None
        self.plane: Plane | None = None
        self.refused = ""

    def show_tensor(self, shown: ShownTensor, plane: Plane) -> None:
        """Show another tensor or slice; nothing where it is the same."""
        if (shown, plane) == (self.shown, self.plane):
            return
        is_other = self.shown is None or shown.tensor_id != self.shown.tensor_id
        self.shown, self.plane, self.refused = shown, plane, ""
        self.begin(is_other=is_other)
        self.ask()

    def take(self, book: LabBook) -> None:
        """Draw what came."""
        answer = self.question.take(book)
        if isinstance(answer, LabRefused):
            self.refused = answer.reason
        elif answer is not None:
            self.refused = ""
            self.show_answer(answer)

    def begin(self, *, is_other: bool) -> None:
        """Another tensor or slice is going to be shown."""

    def ask(self) -> None:
        """Send the request for what is shown."""
        raise NotImplementedError

    def show_answer(self, answer: LabRecord) -> None:
        """Draw it."""
        raise NotImplementedError
