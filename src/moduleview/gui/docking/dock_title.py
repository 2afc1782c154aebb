"""The bar over a dock: title at the left, the panel's controls, float and close at the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QSpacerItem, QToolButton, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.icon_button import IconButton

TITLE_HEIGHT = 28
_PADDING, _GAP = 8, 4


class DockControls(QWidget):
    """The panel's own controls, float and close: in the title bar, or at the right of the tab bar when tabbed."""

    def __init__(
        self,
        theme: Theme,
        controls: Sequence[QWidget],
        on_float: Callable[[], object],
        on_close: Callable[[], object],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        row = QHBoxLayout(self)
        for control in controls:
            control.setParent(self)
            row.addWidget(control)
        self._float = IconButton(theme, "float", self.tr("Float"), self)
        self._float.clicked.connect(lambda _checked=False: on_float())
        self._close = IconButton(theme, "close", self.tr("Close; comes back from the View menu"), self)
        self._close.clicked.connect(lambda _checked=False: on_close())
        row.addWidget(self._float)
        row.addWidget(self._close)
        self._row = row
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def buttons(self) -> tuple[QToolButton, QToolButton]:
        """Float and close."""
        return self._float, self._close

    def set_compact(self, is_compact: bool) -> None:
        """Leave float and close out where there is no room: a drag and the View menu do the same."""
        for button in self.buttons:
            button.setVisible(not is_compact)

    def set_floating(self, is_floating: bool) -> None:
        """Say what the float button does now."""
        self._float.set_tip(self.tr("Dock again") if is_floating else self.tr("Float"))

    def _on_theme_changed(self) -> None:
        self._row.setContentsMargins(0, 0, self._theme.px(4), 0)
        self._row.setSpacing(self._theme.px(_GAP))


class DockTitle(QFrame):
    """28 px high; a drag on it moves the dock, since it takes no mouse events of its own."""

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dock_title")
        self._theme = theme
        self._label = QLabel(title, self)
        self._label.setObjectName("dock_title_text")
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._height = QSpacerItem(0, 0)  # not sizeHint(): Qt asks 7 000 times for it as it puts a layout back
        self._row.addWidget(self._label, 1)
        self._row.addItem(self._height)
        self.setAccessibleName(title)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_text(self, title: str) -> None:
        """Say something else."""
        self._label.setText(title)
        self.setAccessibleName(title)

    def take(self, controls: DockControls) -> None:
        """Show the controls at the right."""
        controls.set_compact(False)
        self._row.addWidget(controls)
        controls.show()

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._label.setFont(self._theme.ui_font(bold=True))
        self._row.setContentsMargins(px(_PADDING), 0, 0, 0)
        self._row.setSpacing(0)
        self._fit_height()

    def showEvent(self, event: QShowEvent) -> None:
        """A style sheet may have come, with lines of its own around the row."""
        super().showEvent(event)
        self._fit_height()

    def _fit_height(self) -> None:
        lines = self.sizeHint().height() - self._row.sizeHint().height()
        wanted = QSize(self._theme.px(_GAP), self._theme.px(TITLE_HEIGHT) - lines)
        if self._height.sizeHint() == wanted:
            return
        self._height.changeSize(wanted.width(), wanted.height())
        self._row.invalidate()
        self.updateGeometry()
