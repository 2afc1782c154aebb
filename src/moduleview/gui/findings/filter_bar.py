"""The toggles over the findings: severities with their counts, and the two tiers, which never mix."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.findings_model import SEVERITY_LOOK, FindingsModel
from moduleview.gui.widgets.icon_text_button import IconTextButton
from moduleview.gui.widgets.rule import VerticalRule
from moduleview.telemetry.records import Severity, Tier


class FilterBar(QWidget):
    """Says ``filter_changed`` when a person toggles."""

    filter_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._severity_words = {
            Severity.ERROR: self.tr("Errors"),
            Severity.WARNING: self.tr("Warnings"),
            Severity.INFORMATION: self.tr("Information"),
        }
        self.severities = {
            severity: self._toggle(IconTextButton(theme, self), severity is not Severity.INFORMATION)
            for severity in SEVERITY_LOOK
        }
        self.tiers = {tier: self._toggle(QToolButton(self), True) for tier in (Tier.FACT, Tier.SUSPICION)}
        self._name_tiers()
        self._row = QHBoxLayout(self)
        for toggle in self.severities.values():
            self._row.addWidget(toggle)
        self._row.addWidget(VerticalRule(theme, 16, 4, self))
        for toggle in self.tiers.values():
            self._row.addWidget(toggle)
        self._row.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def chosen_severities(self) -> frozenset[Severity]:
        """Severities that are on."""
        return frozenset(severity for severity, toggle in self.severities.items() if toggle.isChecked())

    @property
    def chosen_tiers(self) -> frozenset[Tier]:
        """Tiers that are on."""
        return frozenset(tier for tier, toggle in self.tiers.items() if toggle.isChecked())

    def show_counts(self, model: FindingsModel) -> None:
        """Write the counts onto the toggles."""
        for severity, toggle in self.severities.items():
            text = f"{self._severity_words[severity]} {number_format.exact_count(model.count(severity))}"
            toggle.setText(text)
            toggle.setAccessibleName(text)

    def _toggle(self, toggle: QToolButton, is_on: bool) -> QToolButton:
        toggle.setCheckable(True)
        toggle.setChecked(is_on)
        toggle.setProperty("role", "toggle")
        toggle.toggled.connect(self._on_toggled)
        return toggle

    def _name_tiers(self) -> None:
        texts = {
            Tier.FACT: (self.tr("Facts"), self.tr("Facts are true, or they are not reported")),
            Tier.SUSPICION: (self.tr("Suspicions"), self.tr("Suspicions are statistical and may be wrong")),
        }
        for tier, (text, tip) in texts.items():
            self.tiers[tier].setText(text)
            self.tiers[tier].setToolTip(tip)
            self.tiers[tier].setAccessibleName(text)

    def _on_toggled(self, _is_on: bool) -> None:
        self._paint_icons()
        self.filter_changed.emit()

    def _paint_icons(self) -> None:
        for severity, toggle in self.severities.items():
            icon, color = SEVERITY_LOOK[severity]
            toggle.setIcon(self._icons.icon(icon, color if toggle.isChecked() else "muted"))

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(8), px(6), px(8), px(6))
        self._row.setSpacing(px(6))
        for toggle in self.severities.values():
            toggle.setIconSize(QSize(px(14), px(14)))
        self._paint_icons()
