"""What the line under the tree says."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.tree.tree_filter import TreeFilter
from moduleview.telemetry.display_names import displayable


class TreeSummary(QObject):
    """The footer's texts, translated."""

    def texts(self, model: ModuleTreeModel, asked: TreeFilter) -> tuple[str, str, str, str]:
        """Left text, its shorter form, right text, and the role of the left one's colour.

        Args:
            model: The tree.
            asked: The filter; what is wrong with it takes the left text's place.
        """
        left, short = self._counts(model)
        problem = self._problem(asked)
        if problem:
            left = short = problem
        return left, short, self._hooks(model), "warning" if problem else "muted"

    def _problem(self, asked: TreeFilter) -> str:
        query = asked.query
        if asked.took_too_long:
            return self.tr("Regex given up: a repeat in a repeat, as (a|aa)+?")
        if query.broken_regex:
            return self.tr("Not a regular expression: {0}").format(query.broken_regex)
        if query.not_understood:
            return self.tr("Left out, not understood: {0}").format(displayable(query.not_understood))
        return ""

    def _counts(self, model: ModuleTreeModel) -> tuple[str, str]:
        n, totals = exact_count(len(model.snapshot)), model.snapshot.totals
        if model.rows.is_filtered:
            text = self.tr("{0} of {1} modules").format(exact_count(model.rows.n_matches), n)
            return text, text
        short = self.tr("{0} modules  ·  {1} parameters").format(n, exact_count(totals.parameters))
        is_tied = totals.parameters != totals.parameters_referenced
        return (self.tr("{0}, tied counted once").format(short) if is_tied else short), short

    def _hooks(self, model: ModuleTreeModel) -> str:
        n_active, n_requested = model.hooks.n_active, model.hooks.n_requested
        requested = self.tr("{0} requested").format(exact_count(n_requested))
        if not n_active:
            return requested if n_requested else self.tr("no hooks")
        active = self.tr("1 hook active")
        if n_active > 1:
            active = self.tr("{0} hooks active").format(exact_count(n_active))
        return f"{active}, {requested}" if n_requested else active
