"""The head of the Inspector: which module, its type, its parameters in one line, its findings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.container_words import ContainerWords
from moduleview.gui.models.findings_model import SEVERITY_LOOK
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import Finding, Severity
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait

_COPIED_MS = 1500
NO_BREAK = "\u00a0"


class InspectorHeader(QWidget):
    """Two lines over the tabs. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._copied_text = ""
        self._explanation = ""
        self._containers = ContainerWords(self)
        self._worst: Severity | None = None
        self._name = ElidedLabel(self, mode=Qt.TextElideMode.ElideLeft)
        self._name.setProperty("role", "mono-title")
        self._copy = IconButton(theme, "copy", self.tr("Copy the path"), self)
        self._copy.clicked.connect(self._on_copy)
        self._copied = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._copied.timeout.connect(self._show_copy)
        self._severity = QLabel(self)
        self._findings = QLabel(self)
        self._about = QLabel(self, wordWrap=True)
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._about.setProperty("role", "muted")
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_low(self, is_low: bool) -> None:
        """Leave out what the module is, which its name then tells in a tooltip: there is no height for it."""
        self._about.setVisible(not is_low)
        self._name.setToolTip(plain_tip(self._tip()))

    def show_module(self, snapshot: ModelSnapshot, node: int, was: str = "") -> None:
        """Name a module and say what it is; ``was`` is the class of a lazy one that has materialised."""
        fqn = snapshot.fqns[node]
        self._explanation = self._containers.explanation(snapshot, node)
        self._about.setToolTip(plain_tip(self._explanation))
        self._copied_text = fqn
        self._name.set_text(displayable(fqn or snapshot.names[node]))
        self._copy.setEnabled(bool(fqn))
        self._about.setText(" · ".join(fact.replace(" ", NO_BREAK) for fact in self._facts(snapshot, node, was)))
        self._name.setToolTip(plain_tip(self._tip()))

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Count what was found on the module and below; the worst gives icon and colour."""
        self._worst = next((s for s in Severity if any(finding.severity is s for finding in findings)), None)
        counted = [finding for finding in findings if finding.severity is not Severity.INFORMATION] or findings
        text = ""
        if counted:
            text = self.tr("1 finding") if len(counted) == 1 else self.tr("{0} findings").format(len(counted))
        self._findings.setText(text)
        lines = (f"{displayable(f'{f.id} {f.title}')}: {displayable(f.fqn)}" for f in findings[:10])
        tip = plain_tip("\n".join(lines))
        for label in (self._findings, self._severity):
            label.setToolTip(tip)
            label.setVisible(bool(text))
        self._paint_severity()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _tip(self) -> str:
        return "\n".join(part for part in (self._name.text(), self._about.text(), self._explanation) if part)

    def _facts(self, snapshot: ModelSnapshot, node: int, was: str) -> list[str]:
        facts = [displayable(snapshot.type_names[node]), *self._containers.facts(snapshot, node)]
        if was:
            facts.append(self.tr("was {0} before its first input").format(displayable(was)))
        alias = int(snapshot.alias_of[node])
        if alias != NO_NODE:
            facts.append(self.tr("shared with {0}").format(displayable(snapshot.fqns[alias]) or snapshot.names[0]))
        if snapshot.traits[node] == ModuleTrait.LAZY:
            facts.append(self.tr("waits for its first input"))
        rows = snapshot.subtree_tensors(node)
        begin, end = rows.start, rows.stop
        tensors = snapshot.tensors
        are_parameters = tensors.is_parameter[begin:end]
        if not are_parameters.any():
            return [*facts, self.tr("no parameters")]
        facts.append(self._count(snapshot, node, begin + int(np.argmax(are_parameters))))
        facts.append(", ".join(sorted(set(compress(tensors.dtypes[begin:end], are_parameters.tolist())))))
        return [*facts, self._trainable(tensors.requires_grad[begin:end][are_parameters])]

    def _count(self, snapshot: ModelSnapshot, node: int, first_row: int) -> str:
        count = int(snapshot.subtree_parameters[node])
        if count == 0 and snapshot.tensors.alias_of[first_row] != NO_NODE:
            first = snapshot.tensor_fqns[int(snapshot.tensors.alias_of[first_row])]
            return self.tr("tied to {0}").format(displayable(first))
        return self.tr("{0} parameters").format(number_format.exact_count(count))

    def _trainable(self, requires_grad: np.ndarray) -> str:
        if requires_grad.all():
            return self.tr("all trainable")
        if not requires_grad.any():
            return self.tr("frozen")
        return self.tr("{0} of {1} trainable").format(int(requires_grad.sum()), len(requires_grad))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._copied_text)
        self._copy.set_icon("check", "success")
        self._copied.start()

    def _show_copy(self) -> None:
        self._copy.set_icon("copy", "muted")

    def _paint_severity(self) -> None:
        if self._worst is None:
            return
        icon, role = SEVERITY_LOOK[self._worst]
        self._severity.setPixmap(self._icons.pixmap(icon, role))
        self._findings.setProperty("role", "link" if self._worst is Severity.INFORMATION else role)
        self._findings.style().unpolish(self._findings)
        self._findings.style().polish(self._findings)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        self._top = QHBoxLayout()
        self._top.addWidget(self._name)
        self._top.addWidget(self._copy)
        self._top.addStretch(1)
        self._top.addWidget(self._severity)
        self._top.addWidget(self._findings)
        column.addLayout(self._top)
        column.addWidget(self._about)
        self._column = column

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(8), px(6), px(8), px(8))
        self._column.setSpacing(px(2))
        self._top.setSpacing(px(6))
        self._paint_severity()
