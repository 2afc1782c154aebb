"""The Documentation tab: what a module is in words and in code."""

from __future__ import annotations

import html

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from moduleview.gui.inspector.asked_pages import AskedPages
from moduleview.gui.inspector.code_html import code_html
from moduleview.gui.inspector.docstring_reading import DocstringReading
from moduleview.gui.inspector.document_view import DocumentView
from moduleview.gui.inspector.signature_lines import signature_lines
from moduleview.gui.inspector.source_place import SourcePlace
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.internals_messages import ClassDocumentation, RequestDocumentation
from moduleview.telemetry.records import ModuleReport

_NARROW_PX = 400  # below it file and line stand under the buttons


class DocumentationTab(AskedPages):
    """Four pages: docstring with signatures, help, source, ``repr``."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, self._page_titles(), "book", parent)
        self._reading = DocstringReading(self)
        self._reading.read.connect(lambda _docstring, _html: self._show_docstring())
        theme = context.theme
        self.words = DocumentView(theme, self)
        self.help, self.source, self.repr = (CodeView(theme, self) for _ in range(3))
        self.place = SourcePlace(theme, self)
        self.place.failed.connect(context.notify)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.addWidget(self.bar, 1)
        self._row.addWidget(self.place)
        self._lay_out_pages(self._row, (self.words, self.help, self.source, self.repr))
        theme.changed.connect(self._fit_bar)
        self._fit_bar()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """File and line stand beside the buttons, or below them."""
        super().resizeEvent(event)
        self._fit_bar()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _question(self, fqn: str) -> RequestDocumentation:
        return RequestDocumentation(fqn)

    def _answers(self, fqn: str) -> tuple[ClassDocumentation | None, ModuleReport | None]:
        store = self._context.store
        return store.books.internals.documentation(fqn), store.module_report(fqn)

    def _draw(self) -> None:
        _wanted, told, report = self._shown
        assert isinstance(told, ClassDocumentation)
        assert report is None or isinstance(report, ModuleReport)
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

    def _page_titles(self) -> tuple[tuple[str, str], ...]:
        return (
            (self.tr("Docs"), self.tr("Signatures of __init__ and forward, and the docstring of the class")),
            (self.tr("Help"), self.tr("What help() prints of the class")),
            (self.tr("Source"), self.tr("The class as it is written")),
            (self.tr("Repr"), self.tr("What repr() and extra_repr() give of this module")),
        )

    def _fit_bar(self) -> None:
        px, direction = self._context.theme.px, QBoxLayout.Direction
        is_narrow = self.width() < px(_NARROW_PX)
        self._row.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)
        side = px(4 if is_narrow else 8)
        self._row.setContentsMargins(side, px(4), side, px(4))
        self._row.setSpacing(px(4))
        self.bar.set_tight(is_narrow)
