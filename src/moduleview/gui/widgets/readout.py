"""A measured number with its name before it: ``loss 4.391`` in the status bar, ``Step 1,284`` in the toolbar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.number_format import NO_VALUE
from moduleview.gui.look.theme import Theme

_ICON_PX = 12


class Readout(QWidget):
    """Name in muted text, number in the fixed font, and a unit or remark in muted text.

    Args:
        theme: Colours, fonts, zoom.
        name: Before the number; the accessible name too.
        parent: Owner.
        size_px: Of the text.
        bold: The number is what the eye should meet.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, size_px: int = 11, bold: bool = False) -> None:
        super().__init__(parent)
        self._theme, self._icons = theme, Icons(theme)
        self._size_px, self._bold = size_px, bold
        self._shown: tuple[str, str, bool] = ("", "", False)
        self._warns = False
        self._sign, self._name, self._value, self._rest = (QLabel(self) for _ in range(4))
        self._name.setText(name)
        self._name.setProperty("role", "muted")
        self._rest.setProperty("role", "muted")
        self._row = QHBoxLayout(self)
        for label in (self._sign, self._name, self._value, self._rest):
            label.setTextFormat(Qt.TextFormat.PlainText)
            self._row.addWidget(label)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.show_value(NO_VALUE)

    @property
    def text(self) -> str:
        """All of it, as a person reads it."""
        return " ".join(part for part in (self._name.text(), self._value.text(), self._rest.text()) if part)

    @property
    def warns(self) -> bool:
        """It is shown as a warning."""
        return self._warns

    def set_name(self, name: str) -> None:
        """Say in other words what the number is."""
        if name != self._name.text():
            self._name.setText(name)
            self.setAccessibleName(self.text)

    def show_value(self, value: str, rest: str = "", *, warns: bool = False) -> None:
        """Show another number; cheap when nothing changed.

        Args:
            value: As ``number_format`` writes it.
            rest: After it, muted.
            warns: In the colour of a warning, with its triangle.
        """
        if (value, rest, warns) == self._shown:
            return
        self._shown = (value, rest, warns)
        self._value.setText(value)
        self._rest.setText(rest)
        self._rest.setVisible(bool(rest))
        self.setAccessibleName(self.text)
        if warns != self._warns:
            self._warns = warns
            self._on_theme_changed()

    def _on_theme_changed(self) -> None:
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(self._theme.px(5))
        self._name.setFont(self._theme.ui_font(self._size_px))
        self._rest.setFont(self._theme.ui_font(self._size_px))
        self._sign.setVisible(self._warns)
        self._sign.setPixmap(self._icons.pixmap("warning", "warning", _ICON_PX))
        self._value.setProperty("role", "warning" if self._warns else "")
        self._value.style().unpolish(self._value)
        self._value.style().polish(self._value)
        self._value.setFont(self._theme.mono_font(self._size_px, bold=self._bold))  # unpolish forgets it
