"""The tensor lab: frozen copies at the left, a pipeline of operations in the middle, views of a step at the right."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedLayout, QWidget

from moduleview.gui.handovers import TensorWish
from moduleview.gui.lab.copies_column import CopiesColumn
from moduleview.gui.lab.lab_columns import LabColumns
from moduleview.gui.lab.pipeline_column import PipelineColumn
from moduleview.gui.lab.shown_tensor import of_copy, of_part
from moduleview.gui.lab.views_column import Sight, ViewsColumn
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_pipelines import RequestOperations, StepState
from moduleview.telemetry.lab_tensors import ListTensors
from moduleview.telemetry.store_view import StoreView


class LabPanel(Panel):
    """Nothing of a tensor is here but what the views last drew; all is asked of the lab's own thread."""

    panel_id: ClassVar[str] = "lab"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 10
    needs: ClassVar[Capability] = Capability.REPORTS

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._revision = -1
        self._model_revision = -1
        self.copies = CopiesColumn(context, self)
        self.pipeline = PipelineColumn(context, self)
        self.views = ViewsColumn(context, self)
        self.columns = LabColumns(
            context.theme,
            (
                (self.tr("Tensors"), self.copies),
                (self.tr("Pipeline"), self.pipeline),
                (self.tr("View"), self.views),
            ),
            self,
        )
        QStackedLayout(self).addWidget(self.columns)
        self.copies.chosen.connect(self.pipeline.set_source)
        self.pipeline.looked_at.connect(self._show_sight)
        context.handovers.tensor_wanted.connect(self._on_wanted)
        self._show_sight()
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Tensor lab")

    def refresh(self, store: StoreView) -> None:
        """Take what the lab answered."""
        if store.model_revision != self._model_revision:
            self._model_revision = store.model_revision
            self._ask_what_is_there(store)
        book = store.books.lab
        if book.revision == self._revision:
            return
        self._revision = book.revision
        self.copies.take(book)
        self.pipeline.take(book)
        self.views.take(book)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _ask_what_is_there(self, store: StoreView) -> None:
        """The lab keeps its copies when a model is opened anew."""
        if store.model is not None and Capability.REPORTS in self.context.capabilities():
            if store.books.lab.operations is None:
                self.context.send(RequestOperations())
            self.context.send(ListTensors())

    def _on_wanted(self, wish: object) -> None:
        if isinstance(wish, TensorWish):
            self.copies.take_copy(wish)
            self.columns.bring(self.copies)
            self.copies.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_sight(self) -> None:
        self.views.show_sight(self._sight())

    def _sight(self) -> Sight:
        """What there is to see at the chosen step."""
        place, source, outcome = self.pipeline.place, self.pipeline.source, self.pipeline.outcome()
        if place < 0:
            if source is None:
                return Sight(missing=self.tr("Take a copy of a tensor, or add an operation that creates one."))
            return Sight(tensors=(of_copy(source),), remark=source.remark)
        step = self.pipeline.pipeline[place]
        if not step.is_on:
            return Sight(missing=self.tr("This step is switched off."))
        if outcome is None or outcome.state is StepState.NOT_REACHED:
            return Sight(missing=self.tr("This step is not computed."))
        if outcome.state is StepState.FAILED:
            return Sight(missing=displayable(outcome.error, 600))
        source_id = None if source is None else source.tensor_id
        picture = (source_id, self.pipeline.steps_to(place)) if step.operation.has_picture else None
        return Sight(
            tensors=tuple(of_part(part) for part in outcome.parts),
            value=outcome.value,
            remark=outcome.remark,
            picture=picture,
            einsum=outcome.einsum,
            can_be_kept=True,
        )
