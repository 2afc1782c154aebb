"""A button below a list that offers a way out; hidden where none is needed."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from moduleview.gui.panel import PanelContext

_MARGIN_PX = 6


class Offer(QWidget):
    """One button in a row of its own. What it offers, and when, says whoever is made from it.

    Args:
        context: Theme, capabilities.
        text: On the button, and read out; it may change later.
        parent: Owner.
    """

    def __init__(self, context: PanelContext, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.button = QPushButton(text, self)
        self.button.setAccessibleName(text)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.button)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_theme_changed(self) -> None:
        margin = self._context.theme.px(_MARGIN_PX)
        self._row.setContentsMargins(margin, margin, margin, margin)
