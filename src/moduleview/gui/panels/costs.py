"""What measuring costs, by probe and by node, against the budget that a person gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.models.costs_model import CostColumn, CostsModel, is_hook, microseconds, percent
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.title_controls import Choice
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.row_table import RowTable
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.gui.widgets.totals_line import Total, TotalsLine
from moduleview.telemetry.commands import Capability, SetBudget
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.store_view import StoreView

DEFAULT_BUDGET = 0.02
BUDGETS: tuple[float | None, ...] = (0.005, 0.01, DEFAULT_BUDGET, 0.05, 0.1, None)
"""Shares of a step's time that can be chosen; None is no limit."""
_WIDTHS: dict[int, int] = {  # logical px
    CostColumn.NAME: 252,
    CostColumn.PER_STEP: 84,
    CostColumn.SHARE: 76,
    CostColumn.PER_FIRE: 84,
    CostColumn.EVERY: 104,
    CostColumn.SKIPPED: 76,
}
_SHORT_NAME_PX, _NODE_LEAST_PX = 180, 104
_GIVE_WAY = (CostColumn.PER_FIRE, CostColumn.SKIPPED, CostColumn.EVERY, CostColumn.PER_STEP)  # the share says the most
_MS_FROM_US = 10_000
_PATIENCE_BILLS = 4


class CostsPanel(Panel):
    """A line of totals over a table; the budget stands in the title."""

    panel_id: ClassVar[str] = "costs"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 21

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("What measuring costs"))
        self._drawn_for: object = None
        self._budget: float | None = DEFAULT_BUDGET  # as the last bill had it, or as it was asked for since
        self._n_patience = 0  # bills that may still have the budget of before
        self.budget = Choice(self.tr("Share of a step's time that measuring may take"), [])
        self.budget.chosen.connect(self._on_budget_chosen)
        self._show_budget(can_change=False)
        self.model = CostsModel(self)
        self.table = RowTable(context.theme, self.model, self.tr("Cost by probe and node"), self)
        self.table.setItemDelegate(CellDelegate(context.theme, None, self.table))
        self.table.set_columns(_WIDTHS, CostColumn.NODE)
        self.table.clicked.connect(self._select)
        self.table.activated_by_key.connect(lambda: self._select(self.table.currentIndex()))
        self._line = TotalsLine(context.theme, 3, self)
        self.totals = dict(zip(("spent", "step", "sampled"), self._line.readouts, strict=True))
        self._empty = EmptyState(
            context.theme,
            "clock",
            self.tr("Nothing measured yet"),
            self.tr("What each probe and each hook costs stands here once training runs."),
            parent=self,
        )
        self._lay_out()
        context.theme.changed.connect(self._fit_columns)
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Cost")

    def title_controls(self) -> Sequence[QWidget]:
        """The budget."""
        return (self.budget,)

    def refresh(self, store: StoreView) -> None:
        """Draw the newest bill, and the budget that it was made with."""
        costs, capabilities = store.costs, self.context.capabilities()
        state = (costs, store.model is None, capabilities)
        if state == self._drawn_for:
            return
        self._drawn_for = state
        self._take_budget(costs)
        self._show_budget(can_change=store.model is not None and Capability.CONTROL in capabilities)
        self._stack.setCurrentWidget(self._empty if costs is None else self._body)
        self.model.show_costs(costs, keeps_order=self.table.hovered_row >= 0)
        if costs is not None:
            self._show_totals(costs)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._body = QWidget(self)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._line)
        column.addWidget(HorizontalRule(self))
        column.addWidget(self.table, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._body)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns come, or give way."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """In a narrow panel columns go, and names are shorter, before anything stands behind an edge."""
        px, room = self.context.theme.px, self.width()
        shown = {column: px(width) for column, width in _WIDTHS.items()}
        shown[CostColumn.NAME] = px(_SHORT_NAME_PX)
        for column in _GIVE_WAY:
            is_hidden = sum(shown.values()) + px(_NODE_LEAST_PX) > room
            self.table.setColumnHidden(column, is_hidden)
            if is_hidden:
                del shown[column]
        rest = room - px(_NODE_LEAST_PX) - sum(shown.values())
        widest = px(_WIDTHS[CostColumn.NAME])
        self.table.setColumnWidth(CostColumn.NAME, min(widest, shown[CostColumn.NAME] + max(rest, 0)))

    def _show_totals(self, costs: CostsMeasured) -> None:
        is_over = costs.budget is not None and costs.share > costs.budget
        share, budget = percent(costs.share), _budget_text(costs.budget)
        in_full = self.tr("of a step, {0}").format(_time(costs.share * costs.step_us))
        in_short = self.tr("of a step")
        if is_over:
            in_full = self.tr("{0}: over the budget of {1}").format(in_full, budget)
            in_short = self.tr("of a step: over {0}").format(budget)
        has_budget = costs.budget is not None  # what was left out before it went stays on the bill
        sampled_entries = [entry for entry in costs.entries if has_budget and entry.n_skipped > 0 and entry.every > 1]
        n_sampled = number_format.exact_count(len(sampled_entries))
        of_all = self.tr("of {0}").format(number_format.exact_count(len(costs.entries)))
        takes, step = self.tr("measuring takes"), Total(self.tr("a step takes"), _time(costs.step_us))
        rarely = Total(self.tr("measured more rarely to keep to the budget"), n_sampled, of_all)
        sampled = Total(self.tr("sampled"), n_sampled, of_all)
        self._line.show_totals(
            (Total(takes, share, in_full, is_over), step, rarely),
            (Total(takes, share, in_full, is_over), step, sampled),
            (Total(takes, share, in_short, is_over), step, sampled),
            (Total(self.tr("measuring"), share, in_short, is_over), step, sampled),
        )

    def _take_budget(self, costs: CostsMeasured | None) -> None:
        """What a bill was made with holds, but for those that were under way while another budget was asked for."""
        if costs is None:
            return
        if costs.budget == self._budget or not self._n_patience:
            self._budget, self._n_patience = costs.budget, 0
        else:
            self._n_patience -= 1

    def _show_budget(self, *, can_change: bool) -> None:
        offered = BUDGETS if self._budget in BUDGETS else (self._budget, *BUDGETS)
        if self.budget.count() != len(offered) or self.budget.itemData(0) != offered[0]:
            self.budget.set_options([(self._budget_words(share), share) for share in offered])
        if self.budget.currentData() != self._budget:
            self.budget.choose(self._budget)
        self.budget.setEnabled(can_change)
        tip = self.tr("Share of a step's time that measuring may take; what does not fit is measured more rarely")
        self.budget.setToolTip(tip if can_change else self.tr("There is no run here whose budget could be changed."))

    def _budget_words(self, share: float | None) -> str:
        return self.tr("no budget") if share is None else self.tr("budget {0}").format(_budget_text(share))

    def _on_budget_chosen(self, share: object) -> None:
        self._budget = share if isinstance(share, float) else None
        self._n_patience = _PATIENCE_BILLS
        self.context.send(SetBudget(self._budget))
        asked = self.tr("Measuring may take {0} of a step from the next step on.").format(_budget_text(self._budget))
        unlimited = self.tr("Everything is measured as often as it was asked for, whatever it costs.")
        self.context.notify(unlimited if self._budget is None else asked)

    def _select(self, index: QModelIndex) -> None:
        """Select the node that a hook sits on; a probe has none."""
        if not index.isValid():
            return
        entry, model = self.model.entry(index.row()), self.context.store.model
        if not is_hook(entry) and not entry.fqn:
            return
        if model is None or not self.context.selection.select_named(model, entry.fqn):
            self.context.notify(self.tr("{0} is no longer in the model").format(displayable(entry.fqn)))


def _time(us: float) -> str:
    """``12.4 ms`` or ``157.0 µs``."""
    return f"{number_format.plain(us / 1000, 3)} ms" if us >= _MS_FROM_US else f"{microseconds(us)} µs"


def _budget_text(share: float | None) -> str:
    return number_format.NO_VALUE if share is None else f"{number_format.plain(share * 100, 3)} %"
