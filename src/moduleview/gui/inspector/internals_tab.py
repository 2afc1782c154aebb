"""The Internals tab: what stands in a module's ``__dict__``, what is saved of it, and what is computed."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.inspector.asked_pages import AskedPages
from moduleview.gui.inspector.detail_table import DetailTable
from moduleview.gui.inspector.internals_rows import InternalsRows
from moduleview.gui.inspector.registering_offer import RegisteringOffer
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.internals_words import InternalsWords
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.internals_messages import Comparison, InternalsReport, LazyMaterialised, RequestInternals

_NARROW_PX = 330


class InternalsTab(AskedPages):
    """Three pages over one report."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, self._page_titles(), "list", parent)
        self._words = InternalsWords(self)
        self._rows = InternalsRows(self._words, self)
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
        self.registering = RegisteringOffer(context, self)
        self._top = QVBoxLayout()
        for widget in (self.bar, self._note, self.compare):
            self._top.addWidget(widget)
            widget.setVisible(widget is self.bar)
        self._lay_out_pages(self._top, (self.attributes, self.saved, self.computed))
        self.attributes.add_below(self.registering)
        self.attributes.turned_to.connect(self._on_attribute)
        self.bar.chosen.connect(self._say_note)
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons stand closer in a narrow panel."""
        super().resizeEvent(event)
        self.bar.set_tight(self.width() < self._context.theme.px(_NARROW_PX))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _question(self, fqn: str) -> RequestInternals:
        return RequestInternals(fqn)

    def _answers(self, fqn: str) -> tuple[InternalsReport | None, LazyMaterialised | None]:
        book = self._context.store.books.internals
        return book.report(fqn), book.materialised(fqn)

    @property
    def _report(self) -> InternalsReport | None:
        report = self._shown[1] if self._shown else None
        return report if isinstance(report, InternalsReport) else None

    def _draw(self) -> None:
        report, rows, words = self._report, self._rows, self._words
        assert report is not None
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
        self._say_note(self.bar.page)

    def _say_note(self, page: int) -> None:
        report = self._report
        if report is None:
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

    def _on_attribute(self, row: int) -> None:
        report = self._report
        entries = self._rows.attributes(report) if report is not None and row >= 0 else []
        self.registering.show_for("" if report is None else report.fqn, entries[row] if entries else None)

    def _on_compare(self) -> None:
        if self._wanted is not None:
            self._context.send(RequestInternals(self._wanted[0], calls_state_dict=True))

    def _page_titles(self) -> tuple[tuple[str, str], ...]:
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

    def _on_theme_changed(self) -> None:
        px = self._context.theme.px
        self._top.setContentsMargins(px(8), px(4), px(8), px(4))
        self._top.setSpacing(px(4))
