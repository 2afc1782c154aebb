"""The Documentation tab: what a module is in words and in code."""

from __future__ import annotations

import html

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.inspector.code_html import code_html
from moduleview.gui.inspector.docstring_reading import DocstringReading
from moduleview.gui.inspector.document_view import DocumentView
from moduleview.gui.inspector.page_bar import PageBar
from moduleview.gui.inspector.signature_lines import signature_lines
from moduleview.gui.inspector.source_place import SourcePlace
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.code_view import CodeView
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.gui.widgets.sight import is_in_sight
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.internals_messages import ClassDocumentation, RequestDocumentation
from moduleview.telemetry.records import ModuleReport

_NARROW_PX = 400  # below it file and line stand under the buttons


class DocumentationTab(QWidget):
    """Four pages: docstring with signatures, help, source, ``repr``. Asks only while it is in sight."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._wanted: tuple[str, int] | None = None
        self._asked: tuple[str, int] | None = None
        self._shown: tuple[object, ...] = ()
        self._reading = DocstringReading(self)
        self._reading.read.connect(lambda _docstring, _html: self._show_docstring())
        theme = context.theme
        self.bar = PageBar(theme, self._titles(), self)
        self.words = DocumentView(theme, self)
        self.help, self.source, self.repr = (CodeView(theme, self) for _ in range(3))
        self.place = SourcePlace(theme, self)
        self.place.failed.connect(context.notify)
        self._empty = EmptyState(theme, "book", "", "", parent=self)
        self._lay_out()
        theme.changed.connect(self._fit_bar)
        self._fit_bar()
        self._say_empty()

    def show_module(self, fqn: str, generation: int) -> None:
        """Turn to another module, or to the same one after its structure has changed."""
        self._wanted = (fqn, generation)
        self._shown = ()

    def refresh(self) -> None:
        """Ask where that has not been done, and draw what has come. Only while the tab can be seen."""
        if self._wanted is None or not is_in_sight(self):
            return
        if self._wanted != self._asked and Capability.REPORTS in self._context.capabilities():
            self._asked = self._wanted
            self._context.send(RequestDocumentation(self._wanted[0]))
        store, fqn = self._context.store, self._wanted[0]
        shown = (self._wanted, store.books.internals.documentation(fqn), store.module_report(fqn))
        if shown != self._shown:
            self._shown = shown
            self._draw(shown[1], shown[2])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """File and line stand beside the buttons, or below them."""
        super().resizeEvent(event)
        self._fit_bar()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _draw(self, told: ClassDocumentation | None, report: ModuleReport | None) -> None:
        if told is None:
            self._say_empty()
            return
        self._stack.setCurrentWidget(self._content)
        self._show_docstring()
        self.help.set_code(told.help_text, "text")
        self.source.set_code(told.source or self.tr("Python has no source for this class."))
        self.repr.set_code(self._repr(report))
        self.place.show_location(told.location)

    def _show_docstring(self) -> None:
        told = self._shown[1] if self._shown else None
        if not isinstance(told, ClassDocumentation):
            return
        body = (
            self._reading.html(told.docstring)
            if told.docstring
            else self._paragraph(self.tr("This class has no docstring."))
        )
        signatures = "\n".join(signature_lines(line) for line in told.signatures.splitlines())
        head = f"<p class='muted'><code>{html.escape(told.class_name)}</code></p><pre>{code_html(signatures)}</pre>"
        self.words.set_html(head + (self._paragraph(self.tr("Reading the docstring...")) if body is None else body))

    def _paragraph(self, text: str) -> str:
        return f"<p class='muted'>{html.escape(text)}</p>"

    def _repr(self, report: ModuleReport | None) -> str:
        if report is None:
            return ""
        extra = report.extra_repr or self.tr("nothing of its own")
        parts = ("# extra_repr()", extra if report.extra_repr else f"# {extra}", "", "# repr()", report.summary)
        return "\n".join(parts)

    def _say_empty(self) -> None:
        if Capability.REPORTS in self._context.capabilities():
            self._empty.set_texts(self.tr("Nothing read yet"), self.tr("It comes at the next safe point of the run."))
        else:
            self._empty.set_texts(self.tr("Nothing to read"), self.tr("This source does not run the model."))
        self._stack.setCurrentWidget(self._empty)

    def _titles(self) -> tuple[tuple[str, str], ...]:
        return (
            (self.tr("Docs"), self.tr("Signatures of __init__ and forward, and the docstring of the class")),
            (self.tr("Help"), self.tr("What help() prints of the class")),
            (self.tr("Source"), self.tr("The class as it is written")),
            (self.tr("Repr"), self.tr("What repr() and extra_repr() give of this module")),
        )

    def _lay_out(self) -> None:
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.addWidget(self.bar, 1)
        self._row.addWidget(self.place)
        self._content = QWidget(self)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._row)
        column.addWidget(HorizontalRule(self._content))
        pages = QWidget(self._content)
        self._pages = QStackedLayout(pages)
        for (title, _tip), view in zip(self._titles(), (self.words, self.help, self.source, self.repr), strict=True):
            view.setAccessibleName(title)
            self._pages.addWidget(view)
        column.addWidget(pages, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._content)
        self._stack.addWidget(self._empty)
        self.bar.chosen.connect(self._pages.setCurrentIndex)

    def _fit_bar(self) -> None:
        px, direction = self._context.theme.px, QBoxLayout.Direction
        is_narrow = self.width() < px(_NARROW_PX)
        self._row.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)
        side = px(4 if is_narrow else 8)
        self._row.setContentsMargins(side, px(4), side, px(4))
        self._row.setSpacing(px(4))
        self.bar.set_tight(is_narrow)
