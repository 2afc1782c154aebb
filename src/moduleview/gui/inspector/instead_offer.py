"""The way that works, where a hook would be refused: a button that ticks the kind that shows the same."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from moduleview.gui.inspector.offer import Offer
from moduleview.gui.models.hook_table_model import HookTableModel
from moduleview.gui.models.hook_words import HookWords
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.hooks import HookForecast, HookKind


class InsteadOffer(Offer):
    """A button below the hooks; hidden where no other way is needed.

    Args:
        context: Theme, capabilities.
        tick: Ticks or unticks a hook.
        parent: Owner.
    """

    def __init__(self, context: PanelContext, tick: Callable[[str, HookKind, bool], None], parent: QWidget) -> None:
        super().__init__(context, self.tr("Tick the kind of hook that works instead"), parent)
        self._tick, self._words = tick, HookWords(self)
        self._forecast: HookForecast | None = None
        self.button.clicked.connect(self._on_clicked)

    def show_for(self, model: HookTableModel, row: int) -> None:
        """Offer what shows the same as the selected hook, or as one that was ticked and refused."""
        can_tick = Capability.HOOKS in self._context.capabilities()
        found = next(iter(model.other_ways(row)), None) if can_tick else None
        self._forecast = found
        if found is not None and found.instead is not None:
            self.button.setText(self.tr("Tick {0} instead").format(self._words.kind(found.instead)))
            self.button.setAccessibleName(self.button.text())
            self.button.setToolTip(f"{found.reason}\n\n{self._words.explanation(found.instead)}")
        self.setVisible(found is not None)

    def _on_clicked(self) -> None:
        """Take the refused one back, where it was ticked, and tick the other."""
        found, hooks = self._forecast, self._context.store.hooks
        if found is None or found.instead is None:
            return
        if (found.fqn, found.kind) in hooks:
            self._tick(found.fqn, found.kind, False)
        self._tick(found.fqn, found.instead, True)
