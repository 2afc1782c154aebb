"""Entries of other panels' menus that take a tensor to the tensor lab."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.lab_tensors import TensorKind


class LabMenu(QObject):
    """Adds what there is to take; greyed out where the source gives no tensors."""

    def __init__(self, context: PanelContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context

    def add_tensor(self, menu: QMenu, fqn: str, *, is_parameter: bool) -> None:
        """For a parameter, which has a gradient too, or a buffer."""
        kind = TensorKind.PARAMETER if is_parameter else TensorKind.BUFFER
        self._add(menu, self.tr("Open in the tensor lab"), kind, fqn)
        if is_parameter:
            self._add(menu, self.tr("Open its gradient in the tensor lab"), TensorKind.GRADIENT, fqn)

    def add_module(self, menu: QMenu, fqn: str) -> None:
        """For a module: what it returns, and the gradient of that."""
        inside = menu.addMenu(self.tr("Open in the tensor lab"))
        self._add(inside, self.tr("What it returns in the next step"), TensorKind.ACTIVATION, fqn)
        self._add(inside, self.tr("The gradient of that"), TensorKind.OUTPUT_GRADIENT, fqn)
        model = self._context.store.model
        node = None if model is None else model.node_of(fqn)
        if model is None or node is None:
            return
        for row in model.own_tensors(node):
            kind = TensorKind.PARAMETER if model.tensors.is_parameter[row] else TensorKind.BUFFER
            self._add(inside, model.tensors.names[row].replace("&", "&&"), kind, model.tensor_fqn_of(row))

    def _add(self, menu: QMenu, text: str, kind: TensorKind, fqn: str) -> None:
        action = menu.addAction(text)
        action.setEnabled(Capability.REPORTS in self._context.capabilities())
        action.triggered.connect(lambda _checked=False: self._context.handovers.open_tensor(kind, fqn))
