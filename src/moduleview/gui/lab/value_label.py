"""A single value, large, with what it is and a remark: the answer of ``equal`` and of every scalar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme


class ValueLabel(QWidget):
    """Three lines; all of them can be selected and copied."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.value, self.about, self.remark = (QLabel(self) for _ in range(3))
        column = QVBoxLayout(self)
        for label, role in ((self.value, ""), (self.about, "muted"), (self.remark, "")):
            label.setProperty("role", role)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            label.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # until there is something to select
            column.addWidget(label)
        column.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_value(self, value: str, about: str, remark: str) -> None:
        """Show another one."""
        for label, text in ((self.value, value), (self.about, about), (self.remark, remark)):
            label.setText(text)
            label.setFocusPolicy(Qt.FocusPolicy.StrongFocus if text else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(value)
        self.setAccessibleDescription(f"{about}\n{remark}")

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self.value.setFont(self._theme.mono_font(14, bold=True))
        self.layout().setContentsMargins(px(16), px(8), px(16), px(8))  # type: ignore[union-attr]
        self.layout().setSpacing(px(4))  # type: ignore[union-attr]
