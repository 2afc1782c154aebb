"""The list of names that may stand at the cursor, below it while one types."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCompleter, QPlainTextEdit

from moduleview.gui.look.theme import Theme

_N_VISIBLE = 10


class CompletionPopup(QCompleter):
    """Qt's own completer over a list of names. The editor leaves the keys that choose in the list to it."""

    def __init__(self, editor: QPlainTextEdit, theme: Theme) -> None:
        self._names = QStringListModel()
        super().__init__(self._names, editor)
        self._names.setParent(self)
        self._editor = editor
        self._theme = theme
        self.setWidget(editor)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setMaxVisibleItems(_N_VISIBLE)
        popup = self.popup()
        assert popup is not None
        self._list = popup
        self._list.setAccessibleName(editor.tr("Names that may stand here"))

    @property
    def is_open(self) -> bool:
        """The list is on the screen."""
        return self._list.isVisible()

    def offer(self, names: Sequence[str], prefix: str) -> None:
        """Show the names that begin with ``prefix``; nothing where there is none, or only that one."""
        self._names.setStringList(list(names))
        self.setCompletionPrefix(prefix)
        if self.completionCount() == 0 or (self.completionCount() == 1 and self.currentCompletion() == prefix):
            self.close()
            return
        self._list.setFont(self._theme.mono_font(11))
        where = self._editor.cursorRect().translated(self._editor.viewport().pos())
        bar = self._list.verticalScrollBar().sizeHint().width()
        where.setWidth(self._list.sizeHintForColumn(0) + bar + self._theme.px(12))
        self.complete(where)
        self._list.setCurrentIndex(self.completionModel().index(0, 0))

    def close(self) -> None:
        """Take the list away."""
        self._list.hide()
