"""The way that works, where a hook would be refused: a button that ticks the kind that shows the same."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from moduleview.gui.models.hook_table_model import HookTableModel
from moduleview.gui.models.hook_words import HookWords
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.hooks import HookForecast, HookKind

_MARGIN_PX = 6


class InsteadOffer(QWidget):
    """A button below the hooks; hidden where no other way is needed.

    Args:
        context: Theme, capabilities.
        tick: Ticks or unticks a hook.
        parent: Owner.
    """

    def __init__(self, context: PanelContext, tick: Callable[[str, HookKind, bool], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._tick, self._words = context, tick, HookWords(self)
        self._forecast: HookForecast | None = None
        self.button = QPushButton(self)
        self.button.setAccessibleName(self.tr("Tick the kind of hook that works instead"))
        self.button.clicked.connect(self._on_clicked)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.button)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

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

    def _on_theme_changed(self) -> None:
        margin = self._context.theme.px(_MARGIN_PX)
        self._row.setContentsMargins(margin, margin, margin, margin)
