"""Findings as a table: facts first, then suspicions, filtered by severity and tier."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import Finding, Severity, Tier

_NO_INDEX = QModelIndex()
_MAXIMUM_TEXT = 400
SEVERITY_LOOK = {
    Severity.ERROR: ("error", "error"),
    Severity.WARNING: ("warning", "warning"),
    Severity.INFORMATION: ("info", "accent"),
}
"""Icon and colour of each severity."""
_SEVERITIES = tuple(Severity)


class FindingColumn(IntEnum):
    """Columns."""

    SEVERITY = 0
    TITLE = 1
    NODE = 2
    STEP = 3
    EVIDENCE = 4
    ADVICE = 5
    JUMP = 6


_LOOKS = {
    FindingColumn.TITLE: Look(),
    FindingColumn.NODE: Look(is_mono=True, is_small=True, elides_left=True),
    FindingColumn.STEP: Look(is_mono=True, is_small=True, is_right=True),
    FindingColumn.EVIDENCE: Look(),
    FindingColumn.ADVICE: Look(),
    FindingColumn.JUMP: Look(is_bold=True, icon="jump"),
}


def headline(finding: Finding) -> str:
    """The first line of the evidence; one that ends in a colon, with what it announces."""
    if not finding.evidence:
        return ""
    first, *more = finding.evidence
    return displayable(f"{first} {', '.join(more)}" if first.endswith(":") else first, _MAXIMUM_TEXT)


class FindingsModel(QAbstractTableModel):
    """Rows are positions in the filtered list."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._all: tuple[Finding, ...] = ()
        self._shown: tuple[Finding, ...] = ()
        self._severities = frozenset({Severity.ERROR, Severity.WARNING})
        self._tiers = frozenset(Tier)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Take another list."""
        self._all = tuple(findings)
        self._filter()

    def set_filter(self, severities: frozenset[Severity], tiers: frozenset[Tier]) -> None:
        """Show only these."""
        self._severities, self._tiers = severities, tiers
        self._filter()

    def of_severity(self, severity: Severity) -> list[Finding]:
        """Those of a severity, whatever the filter hides."""
        return [finding for finding in self._all if finding.severity is severity]

    def count(self, severity: Severity) -> int:
        """How many there are of a severity, whatever the filter hides."""
        return len(self.of_severity(severity))

    @property
    def n_all(self) -> int:
        """How many there are, shown or not."""
        return len(self._all)

    def finding(self, row: int) -> Finding:
        """The finding in a row."""
        return self._shown[row]

    def row_of(self, finding: Finding | None) -> int | None:
        """Row of a finding or, where its numbers have moved on, of the same one by id, node and step."""
        if finding is None:
            return None
        same = (finding.id, finding.fqn, finding.step)
        return next((row for row, f in enumerate(self._shown) if (f.id, f.fqn, f.step) == same), None)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Findings shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(FindingColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        headers = (
            self.tr("Severity"),
            self.tr("Finding"),
            self.tr("Node"),
            self.tr("Step"),
            self.tr("Evidence"),
            self.tr("What to do"),
            "",
        )
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(headers):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_right = section == FindingColumn.STEP
            side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return headers[section] if role == Qt.ItemDataRole.DisplayRole else None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        chosen = [f for f in self._all if f.severity in self._severities and f.tier in self._tiers]
        chosen.sort(key=lambda f: (f.tier is Tier.SUSPICION, _SEVERITIES.index(f.severity)))
        if tuple(chosen) != self._shown:
            self.beginResetModel()
            self._shown = tuple(chosen)
            self.endResetModel()

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        finding, column = self._shown[index.row()], FindingColumn(index.column())
        if role == LOOK_ROLE:
            return self._look(finding, column)
        if role in (Qt.ItemDataRole.DisplayRole, COPY_ROLE):
            return self._text(finding, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(finding, column)
        return None

    def _look(self, finding: Finding, column: FindingColumn) -> Look:
        if column is FindingColumn.SEVERITY:
            icon, color = SEVERITY_LOOK[finding.severity]
            return Look(color=color, is_bold=True, icon=icon, keeps_color=True)
        if column is FindingColumn.NODE and not finding.fqn:
            return Look(color="muted")
        return _LOOKS[column]

    def _text(self, finding: Finding, column: FindingColumn) -> str:
        match column:
            case FindingColumn.SEVERITY:
                text = self.severity_word(finding.severity)
            case FindingColumn.TITLE:
                text = displayable(f"{finding.id} {finding.title}", _MAXIMUM_TEXT)
            case FindingColumn.NODE:
                text = displayable(finding.fqn) or self.tr("whole model")
            case FindingColumn.STEP:
                text = number_format.NO_VALUE if finding.step is None else number_format.exact_count(finding.step)
            case FindingColumn.EVIDENCE:
                text = headline(finding)
            case FindingColumn.ADVICE:
                text = displayable(finding.advice, _MAXIMUM_TEXT)
            case FindingColumn.JUMP:
                text = self.tr("Jump")
        return text

    def _tip(self, finding: Finding, column: FindingColumn) -> str:
        if column is FindingColumn.JUMP:
            return self.tr("Select the node and show the step in all plots")
        if column is FindingColumn.EVIDENCE:
            return displayable("; ".join(finding.evidence), 1000)
        return self._text(finding, column)

    def severity_word(self, severity: Severity) -> str:
        """The word beside the icon."""
        return {
            Severity.ERROR: self.tr("Error"),
            Severity.WARNING: self.tr("Warning"),
            Severity.INFORMATION: self.tr("Information"),
        }[severity]
