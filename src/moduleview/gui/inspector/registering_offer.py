"""The way out where a module holds a tensor that it has not registered: make a buffer or a parameter of it."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from moduleview.gui.inspector.offer import Offer
from moduleview.gui.interventions.change_menu import ChangeMenu
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.internals_messages import Attribute, AttributeKind

_BUFFER, _PARAMETER = "register_buffer", "register_parameter"


class RegisteringOffer(Offer):
    """Two buttons below the entry of a plain tensor, each of which opens its form; hidden for all other entries."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, self.tr("Buffer..."), parent)
        self.button.setAccessibleName(self.tr("Make it a buffer"))
        self.button.setToolTip(self.tr("register_buffer at the next safe point; it can be taken back"))
        self.parameter = QPushButton(self.tr("Parameter..."), self)
        self.parameter.setAccessibleName(self.tr("Make it a parameter"))
        self._row.insertWidget(1, self.parameter)
        self._changes = ChangeMenu(context, self)
        self._fqn, self._name = "", ""
        self.button.clicked.connect(lambda: self._open(_BUFFER))
        self.parameter.clicked.connect(lambda: self._open(_PARAMETER))

    def show_for(self, fqn: str, entry: Attribute | None) -> None:
        """Offer it for an entry of the module ``fqn``, or not."""
        can_change = Capability.INTERVENE in self._context.capabilities()
        is_offered = entry is not None and entry.kind is AttributeKind.TENSOR and entry.name.isidentifier()
        if entry is not None and is_offered:
            self._fqn, self._name = fqn, entry.name
            self.parameter.setEnabled(entry.can_be_learned)
            self.parameter.setToolTip(
                self.tr("register_parameter at the next safe point; it can be taken back")
                if entry.can_be_learned
                else self.tr("Only tensors of floating-point or complex numbers can be learned.")
            )
        self.setVisible(is_offered and can_change)

    def _open(self, wanted: str) -> None:
        kinds = (kind for kind in self._context.store.books.changes.kinds if kind.kind == wanted)
        for kind in kinds:
            self._changes.open_form(kind, self._fqn, {"attribute": self._name})
