"""The Internals tab: what stands in a module's ``__dict__``, what is saved of it, and what is computed."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.inspector.detail_table import DetailTable
from moduleview.gui.inspector.internals_rows import InternalsRows
from moduleview.gui.inspector.page_bar import PageBar
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.internals_words import InternalsWords
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.code_view import CodeView
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.gui.widgets.sight import is_in_sight
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.internals_messages import Comparison, InternalsReport, RequestInternals

_NARROW_PX = 330


class InternalsTab(QWidget):
    """Three pages over one report, which is asked for only while the tab is in sight."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._wanted: tuple[str, int] | None = None
        self._asked: tuple[str, int] | None = None
        self._shown: tuple[object, ...] = ()
        self._words = InternalsWords(self)
        self._rows = InternalsRows(self._words, self)
        self.bar = PageBar(context.theme, self._titles(), self)
        self._note = QLabel(self, wordWrap=True)
        self._note.setProperty("role", "muted")
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.compare = QPushButton(self.tr("Compare with state_dict()"), self)
        self.compare.setToolTip(
            self.tr(
                "Calls state_dict() at the next safe point, with its hooks, and compares the keys; nothing is copied"
            )
        )
        self.compare.clicked.connect(self._on_compare)
        headers = self._rows.attribute_headers(), self._rows.saved_headers()
        self.attributes = DetailTable(context.theme, headers[0], (160, 0, 62), self.tr("Entries of __dict__"), self)
        self.saved = DetailTable(context.theme, headers[1], (0, 110, 62), self.tr("Keys of state_dict"), self)
        self.computed = CodeView(context.theme, self)
        self.computed.setLineWrapMode(CodeView.LineWrapMode.WidgetWidth)
        self.computed.setAccessibleName(self.tr("Tensors that are computed"))
        self._empty = EmptyState(context.theme, "list", "", "", parent=self)
        self._lay_out()
        self.bar.chosen.connect(self._on_page)
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
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
            self._context.send(RequestInternals(self._wanted[0]))
        book, fqn = self._context.store.books.internals, self._wanted[0]
        report = book.report(fqn)
        shown = (self._wanted, report, book.materialised(fqn))
        if shown == self._shown:
            return
        self._shown = shown
        if report is None:
            self._say_empty()
        else:
            self._draw(report)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons stand closer in a narrow panel."""
        super().resizeEvent(event)
        self.bar.set_tight(self.width() < self._context.theme.px(_NARROW_PX))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _draw(self, report: InternalsReport) -> None:
        self._stack.setCurrentWidget(self._content)
        rows, words = self._rows, self._words
        entries, saved = rows.attributes(report), rows.saved(report)
        self.attributes.show_rows(
            len(entries), lambda row: rows.attribute_row(entries[row]), lambda row: words.attribute(entries[row])
        )
        self.saved.show_rows(
            len(saved),
            lambda row: rows.saved_row(saved[row]),
            lambda row: "\n".join(filter(None, (rows.tell_saved(saved[row]), words.hooks(report.saved)))),
        )
        told = "\n\n".join(map(words.recomputed, report.recomputed))
        nothing = self.tr(
            "Nothing is computed in this module itself: no parametrization, no weight_norm or spectral_norm, "
            "no pruning mask. Each parameter is what forward() uses."
        )
        self.computed.set_code(told or nothing, "text")
        self._on_page(self.bar.page)

    def _on_page(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        report = self._shown[1] if self._shown else None
        if not isinstance(report, InternalsReport):
            return
        self._note.setText(self._note_of(report, page))
        self._note.setVisible(bool(self._note.text()))
        self.compare.setVisible(page == 1 and report.saved.comparison is Comparison.USERS_CODE)

    def _note_of(self, report: InternalsReport, page: int) -> str:
        lines = [report.problem]
        if report.lazy is not None:
            lines.append(self._words.lazy(report.lazy))
        materialised = self._context.store.books.internals.materialised(report.fqn)
        if materialised is not None:
            lines.append(self._words.materialised(materialised))
        if page == 0 and report.n_attributes > len(report.attributes):
            lines.append(
                self.tr("The first {0} of {1} entries.").format(
                    *map(exact_count, (len(report.attributes), report.n_attributes))
                )
            )
        if page == 1:
            lines.append(self._words.saved_summary(report.saved))
        return "\n".join(line for line in lines if line)

    def _on_compare(self) -> None:
        if self._wanted is not None:
            self._context.send(RequestInternals(self._wanted[0], calls_state_dict=True))

    def _say_empty(self) -> None:
        if Capability.REPORTS in self._context.capabilities():
            self._empty.set_texts(self.tr("Nothing read yet"), self.tr("It comes at the next safe point of the run."))
        else:
            self._empty.set_texts(self.tr("Nothing to read"), self.tr("This source does not run the model."))
        self._stack.setCurrentWidget(self._empty)

    def _titles(self) -> tuple[tuple[str, str], ...]:
        return (
            (
                self.tr("Attributes"),
                self.tr("vars(module): all that stands in its __dict__, torch's private tables too"),
            ),
            (
                self.tr("state_dict"),
                self.tr("What state_dict() saves of this module and all below it, what it leaves out, and why"),
            ),
            (self.tr("Computed"), self.tr("Parametrizations, weight_norm, spectral_norm, pruning masks")),
        )

    def _lay_out(self) -> None:
        self._content = QWidget(self)
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._top = QVBoxLayout()
        for widget in (self.bar, self._note, self.compare):
            self._top.addWidget(widget)
        self._column.addLayout(self._top)
        self._column.addWidget(HorizontalRule(self._content))
        pages = QWidget(self._content)
        self._pages = QStackedLayout(pages)
        for page in (self.attributes, self.saved, self.computed):
            self._pages.addWidget(page)
        self._column.addWidget(pages, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._content)
        self._stack.addWidget(self._empty)
        self.compare.hide()
        self._note.hide()

    def _on_theme_changed(self) -> None:
        px = self._context.theme.px
        self._top.setContentsMargins(px(8), px(4), px(8), px(4))
        self._top.setSpacing(px(4))
