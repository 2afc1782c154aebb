"""What can be copied into the lab now: the selected tensor and its gradient, what its module gives, the last batch."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from moduleview.gui.handovers import TensorWish
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_tensors import TensorKind
from moduleview.telemetry.snapshot import ModelSnapshot


class TakeMenu(QObject):
    """Filled at the moment it is opened, from the selection of the window."""

    def __init__(
        self,
        context: PanelContext,
        take: Callable[[TensorWish], object],
        take_from_file: Callable[[], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context, self._take, self._take_from_file = context, take, take_from_file

    def fill(self, menu: QMenu) -> None:
        """Put in what there is now."""
        menu.clear()
        model, selection = self._context.store.model, self._context.selection
        if model is not None:
            for fqn in self._tensors_offered(model):
                self._add_tensor(menu, model, fqn)
            if selection.fqn is not None:
                menu.addSeparator()
                name = displayable(selection.fqn) or self.tr("the whole model")
                self._add(menu, self.tr("What {0} returns").format(name), TensorKind.ACTIVATION, selection.fqn)
                self._add(menu, self.tr("The gradient of that"), TensorKind.OUTPUT_GRADIENT, selection.fqn)
            menu.addSeparator()
            self._add(menu, self.tr("Input of the last batch"), TensorKind.INPUT, "")
            self._add(menu, self.tr("Target of the last batch"), TensorKind.TARGET, "")
        menu.addSeparator()
        menu.addAction(self.tr("From a checkpoint...")).triggered.connect(lambda _checked=False: self._take_from_file())

    def selected_tensor(self) -> TensorWish | None:
        """The selected parameter or buffer, or the first of the selected module."""
        model = self._context.store.model
        offered = [] if model is None else self._tensors_offered(model)
        if model is None or not offered:
            return None
        return TensorWish(_kind_of(model, offered[0]), offered[0])

    def _tensors_offered(self, model: ModelSnapshot) -> list[str]:
        """The selected tensor; where none is, those of the selected module itself."""
        selection = self._context.selection
        if selection.tensor_fqn is not None and model.holder_of(selection.tensor_fqn) is not None:
            return [selection.tensor_fqn]
        node = None if selection.fqn is None else model.node_of(selection.fqn)
        return [] if node is None else [model.tensor_fqn_of(row) for row in model.own_tensors(node)]

    def _add_tensor(self, menu: QMenu, model: ModelSnapshot, fqn: str) -> None:
        kind = _kind_of(model, fqn)
        self._add(menu, displayable(fqn), kind, fqn)
        if kind is TensorKind.PARAMETER:
            self._add(menu, self.tr("Gradient of {0}").format(displayable(fqn)), TensorKind.GRADIENT, fqn)

    def _add(self, menu: QMenu, text: str, kind: TensorKind, fqn: str) -> None:
        action = menu.addAction(text.replace("&", "&&"))
        action.triggered.connect(lambda _checked=False: self._take(TensorWish(kind, fqn)))


def _kind_of(model: ModelSnapshot, fqn: str) -> TensorKind:
    row = model.tensor_row_of(fqn)
    return TensorKind.PARAMETER if row is not None and model.tensors.is_parameter[row] else TensorKind.BUFFER
