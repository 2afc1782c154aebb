"""What the run prints, and what moduleview has to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from moduleview.gui.look.icons import Icons
from moduleview.gui.models.log_model import LogColumn, LogModel
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.row_table import RowTable
from moduleview.telemetry.store_view import StoreView

_WIDTHS: dict[int, int] = {LogColumn.TIME: 96, LogColumn.STREAM: 84}  # logical px
_NARROWEST_LINE_PX = 300


class LogPanel(Panel):
    """A filter over a table that follows the newest line until a person scrolls up."""

    panel_id: ClassVar[str] = "log"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 20

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._revision = -1
        self._is_drawing = False  # what moves the scroll bar now is not a person
        self.model = LogModel(self)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(self.tr("Filter lines"))
        self.filter.setAccessibleName(self.tr("Filter lines"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._on_filter_changed)
        self._icons = Icons(context.theme)
        self._lens = self.filter.addAction(self._icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.follow = IconButton(context.theme, "follow", self.tr("Follow the newest line"), self)
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.follow.toggled.connect(self._on_follow_toggled)
        self.copy = IconButton(context.theme, "copy", self.tr("Copy the selected lines, or all"), self)
        self.copy.clicked.connect(self._on_copy)
        self.clear = IconButton(context.theme, "trash", self.tr("Clear"), self)
        self.clear.clicked.connect(self._on_clear)
        self.table = RowTable(context.theme, self.model, self.tr("Log"), self)
        self.table.setItemDelegate(CellDelegate(context.theme, None, self.table))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.set_columns(_WIDTHS, -1)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._empty = EmptyState(context.theme, "terminal", "", "", parent=self)
        self._lay_out()
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Log")

    def title_controls(self) -> Sequence[QWidget]:
        """Follow, copy, clear."""
        return (self.follow, self.copy, self.clear)

    def refresh(self, store: StoreView) -> None:
        """Take the new lines; the view lays out only those that can be seen."""
        if store.log_revision == self._revision:
            return
        self._revision = store.log_revision
        self._is_drawing = True
        self.model.take(store)
        self._show()
        self._is_drawing = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The lines' column fills the table."""
        super().resizeEvent(event)
        self._fit_line()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        self._fit_line()
        if not self.model.rowCount():
            self._say_empty()
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        if self.follow.isChecked():
            self.table.scrollToBottom()

    def _fit_line(self) -> None:
        """As wide as the longest line, so that nothing is cut and the view can be scrolled to it."""
        theme = self.context.theme
        metrics = QFontMetrics(theme.mono_font(11))
        wanted = metrics.horizontalAdvance("0") * (self.model.longest + 2) + theme.px(16)
        taken = sum(self.table.columnWidth(column) for column in _WIDTHS)
        width = max(wanted, self.table.viewport().width() - taken, theme.px(_NARROWEST_LINE_PX))
        if width != self.table.columnWidth(LogColumn.TEXT):
            self.table.setColumnWidth(LogColumn.TEXT, width)

    def _say_empty(self) -> None:
        if self.model.n_lines:
            title, line = self.tr("No line matches"), self.tr("Clear the filter to see all lines again.")
        else:
            title = self.tr("Nothing printed yet")
            line = self.tr("What the run prints stands here, with the stream it came from.")
        self._empty.set_texts(title, line)

    def _on_filter_changed(self, text: str) -> None:
        self.model.set_filter(text)
        self._show()

    def _on_follow_toggled(self, is_on: bool) -> None:
        if is_on:
            self.table.scrollToBottom()

    def _on_scrolled(self, value: int) -> None:
        """Scrolling up stops following, scrolling to the end goes on with it."""
        if not self._is_drawing:
            self.follow.setChecked(value >= self.table.verticalScrollBar().maximum())

    def _on_copy(self) -> None:
        if not self.table.selectionModel().hasSelection():
            self.table.selectAll()
            self.table.copy_selection()
            self.table.clearSelection()
        else:
            self.table.copy_selection()

    def _on_clear(self) -> None:
        self.model.clear()
        self._show()

    def _lay_out(self) -> None:
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.filter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addWidget(self._stack, 1)

    def _on_theme_changed(self) -> None:
        px = self.context.theme.px
        self._bar.setContentsMargins(px(8), px(6), px(8), px(6))
        self._lens.setIcon(self._icons.icon("search"))
