"""What stands in a panel that has nothing to show: an icon, what is missing, what to do, at most two buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.look.icons import GRID_PX, Icons
from moduleview.gui.look.theme import Theme


@dataclass(frozen=True)
class Offer:
    """A button below the lines.

    Attributes:
        text: What stands on it.
        run: What a click does.
        is_primary: It is the window's one filled button.
        icon: File in ``resources/icons``; none when it is empty.
    """

    text: str
    run: Callable[[], object]
    is_primary: bool = False
    icon: str = ""


_LINE_WIDTH, _WIDE_LINE_WIDTH, _MINIMUM_LINE_WIDTH = 340, 520, 96
_ICON_PX = 24


class EmptyState(QWidget):
    """Centred icon, bold line, muted line and buttons. Follows the theme by itself.

    Where there is no height for all of it the icon goes, then the line above a note: what is said must be read.
    """

    def __init__(
        self,
        theme: Theme,
        icon_name: str,
        title: str,
        line: str,
        offers: Sequence[Offer] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._icon_name, self._icon_role = icon_name, "faint"
        self._picture = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._line, self._note = _WrappedLine(theme, self), _WrappedLine(theme, self)
        for label in (self._title, self._line, self._note):
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self._line, self._note):
            label.setProperty("role", "muted")
        self._offers = tuple(offers[:2])
        self._buttons = [self._make_button(offer) for offer in self._offers]
        self._link: QPushButton | None = None
        self._lay_out()
        self.set_texts(title, line)
        self._note.hide()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_texts(self, title: str, line: str) -> None:
        """Say something else; cheap when nothing changed."""
        if (title, line) == (self._title.text(), self._line.text()):
            return
        self._title.setText(title)
        self._line.setText(line)
        self._fit()
        self.setAccessibleName(title)
        self.setAccessibleDescription(line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Room for the icon came, or went."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        layout = self.layout()
        assert layout is not None
        has_note, has_line = bool(self._note.text()), bool(self._line.text())
        self._picture.setVisible(True)
        self._line.setVisible(has_line)
        for part, may_go in ((self._picture, True), (self._line, has_note)):
            layout.invalidate()
            if may_go and layout.totalHeightForWidth(self.width()) > self.height():
                part.setVisible(False)

    def add_link(self, offer: Offer) -> None:
        """Put a link after the note; it is seen as long as the note is."""
        self._link = self._make_button(offer)
        self._link.setProperty("role", "link")
        self._link.hide()
        self._note_row.insertWidget(2, self._link)

    def set_note(self, note: str) -> None:
        """Say one thing more below; "" takes it away.

        Lines may then be wider: a panel that has something to add is wide and low.
        """
        self._note.setText(note)
        self._note.setVisible(bool(note))
        if self._link is not None:
            self._link.setVisible(bool(note))
        for line in (self._line, self._note):
            line.set_longest(_WIDE_LINE_WIDTH)
        self.setAccessibleDescription("\n".join(filter(None, (self._line.text(), note))))
        self._fit()

    def set_icon(self, icon_name: str, role: str = "faint") -> None:
        """Show another icon, for instance ``check`` in ``success``."""
        self._icon_name, self._icon_role = icon_name, role
        self._on_theme_changed()

    def _make_button(self, offer: Offer) -> QPushButton:
        button = QPushButton(offer.text, self)
        button.setAccessibleName(offer.text)
        button.setProperty("role", "primary" if offer.is_primary else "")
        button.clicked.connect(lambda _checked=False: offer.run())
        return button

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for label in (self._picture, self._title, self._line):
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            layout.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        self._note_row, self._row = QHBoxLayout(), QHBoxLayout()
        for row, widgets in ((self._note_row, [self._note]), (self._row, self._buttons)):
            row.addStretch(1)
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
            layout.addLayout(row)
        layout.addStretch(1)

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(px(8), px(8), px(8), px(8))
        layout.setSpacing(px(4))
        self._row.setSpacing(px(8))
        self._row.setContentsMargins(0, px(8) if self._buttons else 0, 0, 0)
        self._note_row.setSpacing(px(4))
        self._picture.setContentsMargins(0, 0, 0, px(4))
        self._picture.setPixmap(self._icons.pixmap(self._icon_name, self._icon_role, _ICON_PX))
        self._title.setFont(self._theme.ui_font(bold=True))
        self._line.setFont(self._theme.ui_font())
        self._note.setFont(self._theme.ui_font())
        for button, offer in zip(self._buttons, self._offers, strict=True):
            if offer.icon:
                button.setIcon(self._icons.icon(offer.icon, "on_accent" if offer.is_primary else "text"))
                button.setIconSize(QSize(px(GRID_PX), px(GRID_PX)))


class _WrappedLine(QLabel):
    """As wide as its text, as far as that is allowed; a plain wrapped label asks for an odd width of its own."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._theme = theme
        self._longest = _LINE_WIDTH

    def set_longest(self, width_px: int) -> None:
        """Let it grow to so many logical pixels before it wraps."""
        self._longest = width_px
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """The width of the text on one line, as far as that is allowed, and the height that it takes then."""
        return QSize(self._wanted_width(), self.heightForWidth(self._wanted_width()))

    def heightForWidth(self, width: int) -> int:
        """The layout asks with its own width, of which the text does not take all."""
        return super().heightForWidth(min(width, self._wanted_width()))

    def minimumSizeHint(self) -> QSize:
        """Narrow panels wrap it further."""
        return QSize(self._theme.px(_MINIMUM_LINE_WIDTH), self.fontMetrics().height())

    def _wanted_width(self) -> int:
        width = self.fontMetrics().horizontalAdvance(self.text()) + self._theme.px(4)
        return min(width, self._theme.px(self._longest))
