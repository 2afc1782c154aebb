"""The words at the left of a console's text: what is input, what was printed, what is an error."""

from __future__ import annotations

from PySide6.QtGui import QTextBlock
from PySide6.QtWidgets import QPlainTextEdit

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.text_gutter import Beside, TextGutter
from moduleview.telemetry.console_messages import OutputKind

_KINDS = tuple(OutputKind)
_ROLES = {OutputKind.INPUT: "accent", OutputKind.STDERR: "warning", OutputKind.TRACEBACK: "error"}


class TranscriptGutter(TextGutter):
    """One word where a kind of text begins; none where it goes on. See ``TextGutter``."""

    def __init__(self, text: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(text, theme)
        self._words = {
            OutputKind.STDOUT: self.tr("out"),
            OutputKind.STDERR: self.tr("err"),
            OutputKind.RESULT: "=",
            OutputKind.TRACEBACK: self.tr("error"),
            OutputKind.NOTE: self.tr("note"),
        }
        self.setAccessibleName(self.tr("What each line is"))

    def beside(self, block: QTextBlock) -> Beside | None:
        """Its word, where the line before it has another one."""
        state = block.userState()
        if state < 0 or block.previous().userState() == state:
            return None
        return Beside(self.word(state), _ROLES.get(_KINDS[state % len(_KINDS)], "muted"))

    def word(self, state: int) -> str:
        """What stands beside a line with this state; cells have their number."""
        cell, kind = divmod(state, len(_KINDS))
        return self._words.get(_KINDS[kind], f"{cell} >")

    def widest(self) -> str:
        """Of all words."""
        return max((*self._words.values(), "9999 >"), key=self._text.fontMetrics().horizontalAdvance)
