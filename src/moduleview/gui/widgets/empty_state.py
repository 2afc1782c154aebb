"""What stands in a panel that has nothing to show: an icon, what is missing, what to do, at most two buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme

Button = tuple[str, Callable[[], object], bool]
"""Text, what a click does, whether it is the window's primary button."""

_LINE_WIDTH, _MINIMUM_LINE_WIDTH = 340, 96
_ICON_PX = 24


class EmptyState(QWidget):
    """Centred icon, bold line, muted line and buttons. Follows the theme by itself."""

    def __init__(
        self,
        theme: Theme,
        icon_name: str,
        title: str,
        line: str,
        buttons: Sequence[Button] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._icon_name, self._icon_role = icon_name, "faint"
        self._picture = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._line = _WrappedLine(theme, self)
        for label in (self._title, self._line):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._line.setProperty("role", "muted")
        self._buttons = [self._make_button(*button) for button in buttons[:2]]
        self._lay_out()
        self.set_texts(title, line)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_texts(self, title: str, line: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._line.setText(line)
        self._line.setVisible(bool(line))
        self.setAccessibleName(title)
        self.setAccessibleDescription(line)

    def set_icon(self, icon_name: str, role: str = "faint") -> None:
        """Show another icon, for instance ``check`` in ``success``."""
        self._icon_name, self._icon_role = icon_name, role
        self._on_theme_changed()

    def set_buttons_visible(self, visible: bool) -> None:
        """Show or hide all buttons, for instance where the source cannot do what they ask."""
        for button in self._buttons:
            button.setVisible(visible)

    def _make_button(self, text: str, on_click: Callable[[], object], is_primary: bool) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(text)
        button.setProperty("role", "primary" if is_primary else "")
        button.clicked.connect(lambda _checked=False: on_click())
        return button

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for label in (self._picture, self._title, self._line):
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            layout.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in self._buttons:
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(1)
        self._row = row

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(px(8), px(8), px(8), px(8))
        layout.setSpacing(px(4))
        self._row.setSpacing(px(8))
        self._row.setContentsMargins(0, px(8) if self._buttons else 0, 0, 0)
        self._picture.setPixmap(self._icons.pixmap(self._icon_name, self._icon_role, _ICON_PX))
        self._title.setFont(self._theme.ui_font(bold=True))
        self._line.setFont(self._theme.ui_font())


class _WrappedLine(QLabel):
    """As wide as its text, at most 340 px; a plain wrapped label asks for an odd width of its own."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._theme = theme

    def sizeHint(self) -> QSize:
        """The width of the text on one line, at most 340 px, and the height that it takes then."""
        return QSize(self._wanted_width(), self.heightForWidth(self._wanted_width()))

    def heightForWidth(self, width: int) -> int:
        """The layout asks with its own width, of which the text does not take all."""
        return super().heightForWidth(min(width, self._wanted_width()))

    def minimumSizeHint(self) -> QSize:
        """Narrow panels wrap it further."""
        return QSize(self._theme.px(_MINIMUM_LINE_WIDTH), self.fontMetrics().height())

    def _wanted_width(self) -> int:
        width = self.fontMetrics().horizontalAdvance(self.text()) + self._theme.px(4)
        return min(width, self._theme.px(_LINE_WIDTH))
