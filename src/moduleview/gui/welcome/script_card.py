"""Shows how a person's own script says what to train, with a button that takes the lines along."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from moduleview.gui.look.icons import GRID_PX, Icons
from moduleview.gui.look.theme import Theme

SNIPPET = """\
from moduleview import TrainingTask
def task():
    return TrainingTask(model, optimizer, batches, loss)
"""
_KEYWORDS = frozenset({"from", "import", "def", "return"})


class ScriptCard(QFrame):
    """Three lines of Python. Drawn without a highlighter: the page is there before Pygments is imported."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("script_card")
        self._theme = theme
        self._icons = Icons(theme)
        caption = QLabel(self.tr("From your own script: say what to train, then open the file"), self)
        caption.setProperty("role", "caption")
        self._code = QLabel(self)
        self._code.setTextFormat(Qt.TextFormat.RichText)
        self._code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._code.setAccessibleName(self.tr("Example of a script"))
        self.copy_button = QPushButton(self.tr("Copy"), self)
        self.copy_button.setProperty("role", "flat")
        self.copy_button.setAccessibleName(self.tr("Copy the example"))
        self.copy_button.clicked.connect(self._on_copy)
        self._lines = QVBoxLayout()
        self._lines.addWidget(caption)
        self._lines.addWidget(self._code)
        self._grid = QGridLayout(self)
        self._grid.addLayout(self._lines, 0, 0)
        self._grid.addWidget(self.copy_button, 0, 1, Qt.AlignmentFlag.AlignTop)
        self._grid.setColumnStretch(0, 1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(SNIPPET)
        self.copy_button.setText(self.tr("Copied"))

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._grid.setContentsMargins(px(12), px(8), px(8), px(10))
        self._lines.setSpacing(px(4))
        self._code.setFont(self._theme.mono_font(12))
        self._code.setText(_as_rich_text(SNIPPET, self._theme.tokens.muted, px(18)))
        self.copy_button.setIconSize(QSize(px(GRID_PX), px(GRID_PX)))
        self.copy_button.setIcon(self._icons.icon("copy"))


def _as_rich_text(code: str, keyword_color: str, line_px: int) -> str:
    lines = []
    for line in code.splitlines():
        indent = len(line) - len(line.lstrip())
        words = [
            f'<span style="color:{keyword_color}">{word}</span>' if word in _KEYWORDS else word for word in line.split()
        ]
        lines.append("&nbsp;" * indent + " ".join(words))
    return f'<div style="line-height:{line_px}px">{"<br>".join(lines)}</div>'
