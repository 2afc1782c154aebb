"""File > Open recent."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMenu

from moduleview.gui.actions.action_spec import Actions
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.opening.target import Target
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.display_names import displayable


class RecentMenu(QMenu):
    """The targets opened last, newest first; filled when it is about to be seen, since files come and go.

    Args:
        recent: What was opened.
        open_target: Opens one of them.
        menu: Where it stands, before Reload.
        actions: The table.
    """

    def __init__(self, recent: RecentFiles, open_target: Callable[[str], None], menu: QMenu, actions: Actions) -> None:
        super().__init__(menu)
        self.setTitle(self.tr("Open recent"))
        self.setAccessibleName(self.title())
        self.setToolTipsVisible(True)
        self._recent, self._open_target = recent, open_target
        self.aboutToShow.connect(self._fill)
        menu.insertMenu(menu.insertSeparator(actions.action("file.reload")), self)

    def _fill(self) -> None:
        self.clear()
        for entry in self._recent.entries():
            target = Target.parse(entry.target)
            action = self.addAction(displayable(target.title).replace("&", "&&"))
            action.setToolTip(plain_tip(displayable(entry.target)))
            action.triggered.connect(lambda _checked=False, text=entry.target: self._open_target(text))
        if self.isEmpty():
            self.addAction(self.tr("Nothing yet")).setEnabled(False)
            return
        self.addSeparator()
        self.addAction(self.tr("Clear")).triggered.connect(lambda _checked=False: self._recent.clear())
