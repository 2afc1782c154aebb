"""The field over the tree: a filter as one types, a way to a module with Enter."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_HEIGHT_PX = 24
_ICON_PX = 16
_LEFT_PX = 26
_HINT_RIGHT_PX = 7
_PAUSE_MS = 250  # between two keys, longer than most people need


class FilterField(QLineEdit):
    """A line edit with a magnifying glass at the left and its key at the right while it is empty.

    Args:
        theme: Sizes and colours.
        takes_long: Says of a text that its answer would hold up typing; it is asked for once the keys pause.
        parent: The panel.
    """

    filter_wanted = Signal()  # the text is another one
    went_down = Signal()  # to the tree
    given_up = Signal()  # Escape in an empty field

    def __init__(self, theme: Theme, takes_long: Callable[[str], bool], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._takes_long = takes_long
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.filter_wanted)
        self.textChanged.connect(self._on_text_changed)
        self._icons = Icons(theme)
        self._key_hint = self.tr("Ctrl+F")
        self.setClearButtonEnabled(True)
        self._placeholder = self.tr("Go to or filter: blocks.4.attn, type:Linear grad>1")
        self.setAccessibleName(self.tr("Go to or filter"))
        self.setToolTip(
            self.tr(
                "attn: in a name or type\nblocks.4.attn: a path, Enter goes there\ntype:Linear   name~attn   /regex/\n"
                "grad>1   nan   frozen\nhook:fwd   hook:bwd   hook:any\nis:tied   is:shared   is:lazy   is:unused\n"
                "!term: all others"
            )
        )
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down goes on to the tree; Escape clears first."""
        match event.key():
            case Qt.Key.Key_Down:
                self.went_down.emit()
                event.ignore()
            case Qt.Key.Key_Escape if self.text():
                self.clear()
            case Qt.Key.Key_Escape:
                self.given_up.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._pause.isActive():
                self._pause.stop()
                self.filter_wanted.emit()
                super().keyPressEvent(event)
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The placeholder ends before the key."""
        super().resizeEvent(event)
        self._fit_placeholder()

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """The glass and the key."""
        super().paintEvent(event)
        px = self._theme.px
        painter = QPainter(self)
        side = px(_ICON_PX)
        painter.drawPixmap(px(6), (self.height() - side) // 2, self._icons.pixmap("search", "muted", _ICON_PX))
        if not self.text():
            painter.setFont(self._theme.mono_font(11))
            painter.setPen(QColor(self._theme.tokens.muted))
            space = QRect(0, 0, self.width() - px(_HINT_RIGHT_PX), self.height())
            painter.drawText(space, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._key_hint)
        painter.end()

    def _on_text_changed(self, text: str) -> None:
        if self._takes_long(text):
            self._pause.start()
        else:
            self._pause.stop()
            self.filter_wanted.emit()

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self.setFont(self._theme.ui_font(12))
        self.setFixedHeight(px(_HEIGHT_PX))
        self.setTextMargins(px(_LEFT_PX - 8), 0, 0, 0)
        self.setStyleSheet(f"placeholder-text-color: {self._theme.tokens.muted};")
        self._fit_placeholder()
        self.update()

    def _fit_placeholder(self) -> None:
        """Leave the key its place."""
        px = self._theme.px
        hint = QFontMetrics(self._theme.mono_font(11)).horizontalAdvance(self._key_hint)
        room = self.width() - px(_LEFT_PX) - hint - 2 * px(_HINT_RIGHT_PX)
        metrics = QFontMetrics(self._theme.ui_font(12))
        self.setPlaceholderText(metrics.elidedText(self._placeholder, Qt.TextElideMode.ElideRight, max(room, 0)))
