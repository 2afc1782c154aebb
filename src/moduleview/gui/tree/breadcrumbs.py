"""The path to the selected module, each part of it a button; with arrows through the history of selections."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QToolButton, QWidget

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.selection import Selection
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.display_names import displayable

_HEIGHT_PX = 24
_ARROW_PX = 20
_CHEVRON_PX = 12
_GAP_PX = 4
_MOST_CRUMBS = 24


class Breadcrumbs(QWidget):
    """A row of crumbs that loses its beginning where it does not fit."""

    chosen = Signal(str)  # FQN

    def __init__(self, theme: Theme, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._selection = selection
        self._icons = Icons(theme)
        self._path: tuple[tuple[str, str], ...] = ()
        self.setAccessibleName(self.tr("Path of the selected module"))
        self._back = self._arrow(self.tr("Back (Alt+Left)"))
        self._forward = self._arrow(self.tr("Forward (Alt+Right)"))
        self._back.clicked.connect(selection.go_back)
        self._forward.clicked.connect(selection.go_forward)
        layout = QHBoxLayout(self)
        layout.addWidget(self._back)
        layout.addSpacing(2)
        layout.addWidget(self._forward)
        layout.addSpacing(_GAP_PX)
        self._crumbs = [Crumb(theme, self) for _ in range(_MOST_CRUMBS)]
        for crumb in self._crumbs:
            crumb.clicked.connect(lambda _checked=False, clicked=crumb: self.chosen.emit(clicked.fqn))
            layout.addWidget(crumb)
        layout.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        selection.changed.connect(self._on_selection_changed)
        self._on_theme_changed()
        self._on_selection_changed()

    def set_path(self, path: Sequence[tuple[str, str]]) -> None:
        """Show a path: name and FQN of each module from the root down."""
        if tuple(path) != self._path:
            self._path = tuple(path)
            self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer crumbs fit."""
        super().resizeEvent(event)
        self._lay_out()

    def minimumSizeHint(self) -> QSize:
        """The crumbs never make the panel wide."""
        return QSize(self._theme.px(80), self._theme.px(_HEIGHT_PX))

    def _arrow(self, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for button, name in ((self._back, "chevron-left"), (self._forward, "chevron-right")):
            button.setIcon(self._icons.icon(name, "text"))
            button.setFixedSize(px(_ARROW_PX), px(_ARROW_PX))
        self.setFixedHeight(px(_HEIGHT_PX))
        self._lay_out()

    def _on_selection_changed(self) -> None:
        self._back.setEnabled(self._selection.can_go_back)
        self._forward.setEnabled(self._selection.can_go_forward)

    def _lay_out(self) -> None:
        """Show as many of the last crumbs as fit, with an ellipsis for the rest."""
        path = self._path[-_MOST_CRUMBS:]
        room = self.width() - 2 * self._theme.px(_ARROW_PX + _GAP_PX)
        last = len(path) - 1
        widths = [
            self._crumbs[0].width_of(name, is_first=at == 0, is_last=at == last) for at, (name, _fqn) in enumerate(path)
        ]
        first = 0
        while first < len(path) - 1 and sum(widths[first:]) > room:
            first += 1
        shown = path[first:]
        for at, crumb in enumerate(self._crumbs):
            crumb.setVisible(at < len(shown))
            if at < len(shown):
                name, fqn = shown[at]
                is_cut = at == 0 and (first > 0 or len(self._path) > len(path))
                crumb.show_part(f"…{name}" if is_cut else name, fqn, is_first=at == 0, is_last=at == len(shown) - 1)


class Crumb(QAbstractButton):
    """One part of the path, with the chevron before it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._is_first = self._is_last = False
        self.fqn = ""
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_part(self, name: str, fqn: str, *, is_first: bool, is_last: bool) -> None:
        """Take another module."""
        self.fqn = fqn
        self._is_first, self._is_last = is_first, is_last
        text = displayable(name)
        self.setText(text)
        self.setAccessibleName(text)
        width = self.width_of(name, is_first=is_first, is_last=is_last)
        self.setFixedSize(width, self._theme.px(_ARROW_PX))
        self.update()

    def width_of(self, name: str, *, is_first: bool, is_last: bool) -> int:
        """How wide a crumb with this name is."""
        metrics = QFontMetricsF(self._theme.mono_font(12, bold=is_last))
        return round(metrics.horizontalAdvance(displayable(name))) + self._text_left(is_first) + self._theme.px(2)

    def _text_left(self, is_first: bool) -> int:
        return self._theme.px(4 if is_first else _CHEVRON_PX + 2)

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Chevron and name; the last one, where a person is, in full strength."""
        tokens, px = self._theme.tokens, self._theme.px
        painter = QPainter(self)
        left = self._text_left(self._is_first)
        if not self._is_first:
            side = px(_CHEVRON_PX)
            painter.drawPixmap(
                0, (self.height() - side) // 2, self._icons.pixmap("chevron-right", "faint", _CHEVRON_PX)
            )
        is_strong = self._is_last or self.underMouse()
        painter.setFont(self._theme.mono_font(12, bold=self._is_last))
        painter.setPen(QColor(tokens.text if is_strong else tokens.muted))
        space = QRect(left, 0, self.width() - left, self.height())
        painter.drawText(space, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
