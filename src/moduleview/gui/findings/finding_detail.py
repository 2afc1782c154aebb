"""The selected finding below the list: the rule, the numbers, what to do next, and the corrected code."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from moduleview.gui.findings.fix_view import FixView
from moduleview.gui.findings.source_line import SourceLine
from moduleview.gui.look import number_format
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import Finding, Tier

_MAXIMUM_TEXT = 2000
_LEAST_PX = 44
_HEIGHT_PX = 112  # a caption, a button and two lines, or four lines of numbers; wrapped labels do not ask for it
_CODE_PX = 60  # more, for three lines of code


class FindingDetail(QWidget):
    """Follows the theme by itself."""

    jump_clicked = Signal()
    pause_clicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self.setProperty("role", "detail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Selected finding"))
        self._captions = [self._caption("") for _ in range(3)]
        self._rule, self._numbers, self._advice = (self._text() for _ in range(3))
        self.pause = QPushButton(self.tr("Pause"), self)
        self.pause.clicked.connect(self.pause_clicked)
        self.jump = QPushButton(self.tr("Show node"), self)
        self.jump.clicked.connect(self.jump_clicked)
        self.source = SourceLine(theme, self)
        self.fix = FixView(theme, self)
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_finding(self, finding: Finding, can_jump: bool) -> None:
        """Show another finding."""
        is_fact = finding.tier is Tier.FACT
        self._captions[0].setText(self.tr("Rule (fact)") if is_fact else self.tr("Rule (suspicion, statistical)"))
        self._rule.setText(displayable(finding.rule, _MAXIMUM_TEXT))
        self._numbers.setText("\n".join(displayable(line, _MAXIMUM_TEXT) for line in finding.evidence))
        self.source.show_source(finding.source)
        self.fix.show_fix(finding.fix)
        self._advice.setText(displayable(finding.advice, _MAXIMUM_TEXT))
        self.jump.setText(
            self.tr("Show node")
            if finding.step is None
            else self.tr("Show step {0}").format(number_format.exact_count(finding.step))
        )
        self.jump.setEnabled(can_jump)
        self.jump.setAccessibleName(self.jump.text())

    def set_running(self, is_running: bool) -> None:
        """Pausing makes sense only while it runs."""
        self.pause.setVisible(is_running)

    def _caption(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", "caption")
        return label

    def _text(self) -> QLabel:
        label = QLabel(self, wordWrap=True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        label.setMinimumWidth(1)  # else the longest word asks for its width, and a name may be one of any length
        return label

    def _lay_out(self) -> None:
        self._captions[1].setText(self.tr("Numbers"))
        self._captions[2].setText(self.tr("Next"))
        self._advice.setProperty("role", "caption")
        grid = QGridLayout(self)
        for column, caption in enumerate(self._captions):
            grid.addWidget(caption, 0, column)
            grid.setColumnStretch(column, 4 if column == len(self._captions) - 1 else 3)
        grid.addWidget(self._rule, 1, 0)
        numbers = QVBoxLayout()
        numbers.addWidget(self._numbers)
        numbers.addWidget(self.source)
        numbers.addStretch(1)
        grid.addLayout(numbers, 1, 1)
        self._buttons = QHBoxLayout()
        self._buttons.addWidget(self.pause)
        self._buttons.addWidget(self.jump)
        self._buttons.addStretch(1)
        self._next = QVBoxLayout()
        self._next.addLayout(self._buttons)
        self._next.addWidget(self.fix)  # before the advice, which stands in the list too
        self._next.addWidget(self._advice)
        self._next.addStretch(1)
        grid.addLayout(self._next, 1, 2)
        grid.setRowStretch(1, 1)
        self._grid = grid

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._grid.setContentsMargins(px(8), px(8), px(8), px(6))
        self._grid.setHorizontalSpacing(px(24))
        self._grid.setVerticalSpacing(px(4))
        self._buttons.setSpacing(px(8))
        self._next.setSpacing(px(4))
        self._numbers.setFont(self._theme.mono_font(11))
        self.pause.setIcon(self._icons.icon("pause", "text"))
        self.jump.setIcon(self._icons.icon("jump", "text"))


class DetailArea(QScrollArea):
    """Room for the detail: as high as it likes where there is room, and scrolled where there is not."""

    def __init__(self, theme: Theme, detail: FindingDetail, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(detail)
        self.setAccessibleName(detail.accessibleName())
        self.fit(has_code=False)

    def fit(self, *, has_code: bool) -> None:
        """Take the height for what is shown."""
        self.setMaximumHeight(self._theme.px(_HEIGHT_PX + (_CODE_PX if has_code else 0)))

    def sizeHint(self) -> QSize:
        """Four lines of numbers, and those of code."""
        return QSize(super().sizeHint().width(), self.maximumHeight())

    def minimumSizeHint(self) -> QSize:
        """Caption and buttons."""
        return QSize(0, self._theme.px(_LEAST_PX))
