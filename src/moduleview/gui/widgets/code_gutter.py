"""Line numbers at the left of an editor, and the mark of the line that is wrong."""

from __future__ import annotations

from PySide6.QtGui import QTextBlock
from PySide6.QtWidgets import QPlainTextEdit

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.text_gutter import Beside, TextGutter


class CodeGutter(TextGutter):
    """Numbers from 1. See ``TextGutter``."""

    def __init__(self, editor: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(editor, theme)
        self._marked: int | None = None
        self.setAccessibleName(self.tr("Line numbers"))

    def mark(self, line: int | None) -> None:
        """Show one line, from 1, as wrong; None for no line."""
        self._marked = line
        self.update()

    def beside(self, block: QTextBlock) -> Beside:
        """Its number."""
        line = block.blockNumber() + 1
        return Beside(str(line), "error", has_stripe=True) if line == self._marked else Beside(str(line))

    def widest(self) -> str:
        """Two digits at least."""
        return "9" * max(2, len(str(self._text.blockCount())))
