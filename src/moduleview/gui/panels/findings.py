"""Everything that is wrong or likely to be, in one list that jumps to the node and the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QItemSelectionModel, QModelIndex
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from moduleview import detectors
from moduleview.detectors.base import Detector
from moduleview.gui.findings.filter_bar import FilterBar
from moduleview.gui.findings.finding_detail import DetailArea, FindingDetail
from moduleview.gui.look import number_format
from moduleview.gui.models.findings_model import FindingColumn, FindingsModel, headline
from moduleview.gui.panel import Area, Badge, Panel, PanelContext
from moduleview.gui.widgets.cell_delegate import ROW_PX, CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState, Offer
from moduleview.gui.widgets.row_table import HEADER_PX, RowTable
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.registry import discover
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import Finding, RunState, Severity
from moduleview.telemetry.store_view import StoreView

_WIDTHS: dict[int, int] = {  # logical px
    FindingColumn.TITLE: 156,
    FindingColumn.NODE: 150,
    FindingColumn.STEP: 56,
    FindingColumn.JUMP: 72,
}
_MOST_ROWS_FIRST = 2  # before the detail gets its room
_N_MEASURED_ROWS, _WIDEST_PX, _CELL_PADDING_PX = 100, 220, 18
_SEVERITY_PX = 38  # icon and padding beside the word


class FindingsPanel(Panel):
    """Toggles, table, the selected finding."""

    panel_id: ClassVar[str] = "findings"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 0

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._revisions: tuple[object, ...] = ()
        self._chosen: Finding | None = None
        self._badge: Badge | None = None
        self._counted_revision = -1
        self._n_detectors = len(discover(detectors, Detector))
        self.model = FindingsModel(self)
        self.filter_bar = FilterBar(context.theme, self)
        self.filter_bar.filter_changed.connect(self._on_filter_changed)
        self.table = RowTable(context.theme, self.model, self.tr("Findings"), self)
        self.table.setItemDelegate(CellDelegate(context.theme, None, self.table))
        self.table.set_columns(_WIDTHS, FindingColumn.EVIDENCE)
        self.table.horizontalHeader().setSectionResizeMode(FindingColumn.ADVICE, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        self.table.clicked.connect(self._on_clicked)
        self.table.doubleClicked.connect(self._jump_to_current)
        self.table.activated_by_key.connect(self._jump_to_current)
        self.detail = FindingDetail(context.theme, self)
        self.detail.jump_clicked.connect(self._jump_to_current)
        self.detail.pause_clicked.connect(lambda: context.run_action("run.pause"))
        self.empty = EmptyState(context.theme, "check", "", "", parent=self)
        self.empty.add_link(Offer(self.tr("Show"), self._show_information))
        self._lay_out()
        context.theme.changed.connect(self._fit_table)
        self._fit_table()
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Findings")

    def badge(self, store: StoreView) -> Badge | None:
        """How many errors and warnings there are, in the colour of the worst."""
        if store.findings_revision != self._counted_revision:
            self._counted_revision = store.findings_revision
            counted = [f.severity for f in store.findings if f.severity is not Severity.INFORMATION]
            role = "error" if Severity.ERROR in counted else "warning"
            self._badge = Badge(number_format.exact_count(len(counted)), role) if counted else None
        return self._badge

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        revisions = (store.findings_revision, id(store.model), store.run.state, store.last_step is None)
        if revisions != self._revisions:
            self._revisions = revisions
            self.model.show_findings(store.findings)
            self._show()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Counts, the row that was selected, or what there is to say when there is no row."""
        self.filter_bar.show_counts(self.model)
        self.detail.set_running(self.context.store.run.state is RunState.RUNNING)
        self._fit_table()
        n_rows = self.model.rowCount()
        self._stack.setCurrentIndex(0 if n_rows else 1)
        self._scroll.setVisible(bool(n_rows))
        if not n_rows:
            self._say_empty()
            return
        row = self.model.row_of(self._chosen) or 0
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(self.model.index(row, 0), flags)
        self.table.scrollTo(self.model.index(row, 0))
        self._show_detail(self.model.finding(row))

    def _show_detail(self, finding: Finding) -> None:
        model = self.context.store.model
        self.detail.show_finding(finding, model is not None and model.holder_of(finding.fqn) is not None)
        self._scroll.fit(has_code=bool(finding.fix))

    def _say_empty(self) -> None:
        store, information = self.context.store, self.model.of_severity(Severity.INFORMATION)
        n_hidden = self.model.n_all - len(information)
        is_clean = store.model is not None and not n_hidden
        self.empty.set_icon("check" if is_clean else "info", "success" if is_clean else "faint")
        if store.model is None:
            self.empty.set_texts(self.tr("No model open"), self.tr("Its structure is checked as soon as one is."))
        elif n_hidden:
            self.empty.set_texts(self.tr("Nothing to show with these filters"), self.tr("Switch more of them on."))
        else:
            self.empty.set_texts(self.tr("No errors, no warnings"), self._what_was_checked())
        self.empty.set_note(self._first_of(information) if information and store.model is not None else "")

    def _what_was_checked(self) -> str:
        store = self.context.store
        n_checks = store.n_structure_checks
        checks = self.tr("Structure checks found nothing.")
        if n_checks:
            checks = self.tr("{0} structure checks passed.").format(n_checks)
        if store.last_step is None:
            watching = self.tr("{0} detectors start with the first steps.").format(self._n_detectors)
        else:
            watching = self.tr("{0} detectors watch the run.").format(self._n_detectors)
        return f"{checks} {watching}"

    def _first_of(self, information: Sequence[Finding]) -> str:
        first, n_more = information[0], len(information) - 1
        text = self.tr("Information: {0}").format(headline(first) or displayable(first.title))
        return self.tr("{0}; {1} more").format(text, n_more) if n_more else text

    def _show_information(self) -> None:
        self.filter_bar.severities[Severity.INFORMATION].setChecked(True)

    def _on_filter_changed(self) -> None:
        self.model.set_filter(self.filter_bar.chosen_severities, self.filter_bar.chosen_tiers)
        self._show()

    def _fit_table(self) -> None:
        """Severity as wide as the longest word that can stand there; always room for the first rows."""
        theme, shown = self.context.theme, self.filter_bar.chosen_severities
        metrics = QFontMetrics(theme.ui_font(bold=True))
        widest = max((metrics.horizontalAdvance(self.model.severity_word(severity)) for severity in shown), default=0)
        self.table.setColumnWidth(FindingColumn.SEVERITY, widest + theme.px(_SEVERITY_PX))
        self._fit_column(FindingColumn.TITLE, _WIDTHS[FindingColumn.TITLE])
        self._fit_column(FindingColumn.JUMP, _WIDTHS[FindingColumn.JUMP])
        n_rows = min(max(self.model.rowCount(), 1), _MOST_ROWS_FIRST)
        self._stack.setMinimumHeight(theme.px(HEADER_PX + ROW_PX * n_rows))
        self._scroll.fit(has_code=self._chosen is not None and bool(self._chosen.fix))

    def _fit_column(self, column: FindingColumn, least_px: int) -> None:
        """As wide as its longest text, within bounds."""
        theme = self.context.theme
        is_jump = column is FindingColumn.JUMP
        metrics = QFontMetrics(theme.ui_font(bold=is_jump))
        texts = (
            str(self.model.index(row, column).data()) for row in range(min(self.model.rowCount(), _N_MEASURED_ROWS))
        )
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        wanted = widest + theme.px(_SEVERITY_PX if is_jump else _CELL_PADDING_PX)
        self.table.setColumnWidth(column, max(theme.px(least_px), min(wanted, theme.px(_WIDEST_PX))))

    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self._chosen = self.model.finding(current.row())
            self._show_detail(self._chosen)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == FindingColumn.JUMP:
            self._jump_to_current()

    def _jump_to_current(self) -> None:
        """Select the node and set the crosshair to the step."""
        index = self.table.currentIndex()
        if not index.isValid():
            return
        finding, model = self.model.finding(index.row()), self.context.store.model
        if model is None or not self.context.selection.select_named(model, finding.fqn):
            self.context.notify(self.tr("{0} is no longer in the model").format(displayable(finding.fqn)))
            return
        if finding.step is not None:
            self.context.selection.set_crosshair(finding.step)

    def _lay_out(self) -> None:
        self._scroll = DetailArea(self.context.theme, self.detail, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter_bar)
        column.addWidget(HorizontalRule(self))
        column.addWidget(self._stack, 1)
        column.addWidget(self._scroll)
        self._stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)  # the detail comes first
