"""Pages over what was asked of one module: asked for only while they are in sight, empty until it has come."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from PySide6.QtWidgets import QLayout, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.inspector.page_bar import PageBar
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.gui.widgets.sight import is_in_sight
from moduleview.telemetry.commands import Capability, Command


class AskedPages(QWidget):
    """Says what to ask, where the answer comes, and draws it, in what is made from it.

    Args:
        context: Store, capabilities, send.
        titles: Of each page, with what its tooltip says.
        icon: Shown while there is nothing to read.
        parent: Owner.
    """

    def __init__(self, context: PanelContext, titles: Sequence[tuple[str, str]], icon: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._wanted: tuple[str, int] | None = None
        self._asked: tuple[str, int] | None = None
        self._shown: tuple[object, ...] = ()
        self._titles = tuple(title for title, _tip in titles)
        self.bar = PageBar(context.theme, titles, self)
        self._empty = EmptyState(context.theme, icon, "", "", parent=self)

    def show_module(self, fqn: str, generation: int) -> None:
        """Turn to another module, or to the same one after its structure has changed."""
        self._wanted = (fqn, generation)
        self._shown = ()

    def refresh(self) -> None:
        """Ask where that has not been done, and draw what has come. Only while the pages can be seen."""
        if self._wanted is None or not is_in_sight(self):
            return
        fqn = self._wanted[0]
        if self._wanted != self._asked and Capability.REPORTS in self._context.capabilities():
            self._asked = self._wanted
            self._context.send(self._question(fqn))
        shown = (self._wanted, *self._answers(fqn))
        if shown == self._shown:
            return
        self._shown = shown
        if shown[1] is None:
            self._say_empty()
        else:
            self._stack.setCurrentWidget(self._content)
            self._draw()

    @abstractmethod
    def _question(self, fqn: str) -> Command:
        """What is sent to learn of a module."""

    @abstractmethod
    def _answers(self, fqn: str) -> tuple[object, ...]:
        """What has come; the first is None until there is something to draw."""

    @abstractmethod
    def _draw(self) -> None:
        """Show what has come."""

    def _lay_out_pages(self, top: QLayout, pages: Sequence[QWidget]) -> None:
        """Put the bar's surroundings over the pages, in the order of the titles."""
        self._content = QWidget(self)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(HorizontalRule(self._content))
        held = QWidget(self._content)
        self._pages = QStackedLayout(held)
        for title, page in zip(self._titles, pages, strict=True):
            page.setAccessibleName(title)
            self._pages.addWidget(page)
        column.addWidget(held, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._content)
        self._stack.addWidget(self._empty)
        self.bar.chosen.connect(self._pages.setCurrentIndex)
        self._say_empty()

    def _say_empty(self) -> None:
        if Capability.REPORTS in self._context.capabilities():
            self._empty.set_texts(self.tr("Nothing read yet"), self.tr("It comes at the next safe point of the run."))
        else:
            self._empty.set_texts(self.tr("Nothing to read"), self.tr("This source does not run the model."))
        self._stack.setCurrentWidget(self._empty)
