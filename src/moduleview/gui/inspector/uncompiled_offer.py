"""The way out where hooks cannot fire because torch.compile has left them out: some steps that run uncompiled."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from moduleview.gui.inspector.offer import Offer
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.hook_table_model import HookTableModel
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Capability, RunUncompiled
from moduleview.telemetry.hooks import COUNTING_KINDS, MODULE_KINDS

N_STEPS = 20
_NEEDED = Capability.CONTROL | Capability.HOOKS


class UncompiledOffer(Offer):
    """A button below the hooks of a module that is compiled; hidden for all others."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, self.tr("Run {0} steps uncompiled").format(exact_count(N_STEPS)), parent)
        self.button.clicked.connect(lambda: self._context.send(RunUncompiled(N_STEPS)))

    def show_for(self, model: HookTableModel) -> None:
        """Offer it for the module whose hooks are shown, or not."""
        can_ask = _NEEDED in self._context.capabilities()
        if model.is_compiled and can_ask:
            obstacle = self._obstacle()
            self.button.setEnabled(not obstacle)
            self.button.setToolTip(f"{obstacle}\n{self._explanation()}" if obstacle else self._explanation())
        self.setVisible(model.is_compiled and can_ask)

    def _obstacle(self) -> str:
        task = self._context.store.task
        if task is not None and not task.can_train:
            return task.cannot_train_reason
        kinds = {kind for _, kind in self._context.store.hooks} - set(COUNTING_KINDS)
        return "" if kinds & set(MODULE_KINDS) else self.tr("Tick the hooks that you want to see first.")

    def _explanation(self) -> str:
        return self.tr(
            "Ticked hooks in compiled modules fire in these {0} steps, and you see what they measure.\n"
            "The compiled code is bypassed in them: they are slower, and last digits may differ.\n"
            "Then the compiled code runs again, without a new compilation."
        ).format(exact_count(N_STEPS))
