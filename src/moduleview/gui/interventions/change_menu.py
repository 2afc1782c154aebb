"""The menu of changes that fit a node, each of which opens the form."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from moduleview.gui.interventions.change_form import ChangeForm
from moduleview.gui.interventions.fitting import fitting_kinds
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.changes_messages import Argument, ChangeKind
from moduleview.telemetry.commands import Capability, Freeze

ALARM = "alarm"


class ChangeMenu(QObject):
    """Fills menus, and opens forms over a window.

    Args:
        context: Store, capabilities, send.
        widget: In whose window forms open; the owner.
    """

    def __init__(self, context: PanelContext, widget: QWidget) -> None:
        super().__init__(widget)
        self._context, self._widget = context, widget

    def add_to(self, menu: QMenu, fqn: str) -> QMenu:
        """Add the submenu for a node."""
        submenu = menu.addMenu(self.tr("Change"))
        self.fill(submenu, fqn)
        submenu.setEnabled(not submenu.isEmpty() and Capability.INTERVENE in self._context.capabilities())
        return submenu

    def fill(self, menu: QMenu, fqn: str) -> None:
        """Add the changes that fit a node, those of a section together."""
        section = ""
        for kind in sorted(fitting_kinds(self._context.store, fqn), key=lambda kind: kind.section):
            if section and kind.section != section:
                menu.addSeparator()
            section = kind.section
            self._add(menu, kind, fqn)

    def add_freezing(self, menu: QMenu, fqn: str) -> None:
        """Add freezing and unfreezing of a parameter."""
        can_change = Capability.INTERVENE in self._context.capabilities()
        for text, frozen in ((self.tr("Freeze"), True), (self.tr("Unfreeze"), False)):
            action = menu.addAction(text)
            action.setEnabled(can_change)
            action.triggered.connect(lambda _checked=False, frozen=frozen: self._context.send(Freeze(fqn, frozen)))

    def add_alarm(self, menu: QMenu, fqn: str, preset: Mapping[str, Argument]) -> None:
        """Add an entry that sets an alarm on a series."""
        kind = next((kind for kind in self._context.store.books.changes.kinds if kind.kind == ALARM), None)
        action = menu.addAction(self.tr("Set alarm..."))
        action.setEnabled(kind is not None and Capability.INTERVENE in self._context.capabilities())
        if kind is not None:
            action.triggered.connect(lambda _checked=False: self.open_form(kind, fqn, preset))

    def open_form(self, kind: ChangeKind, fqn: str, preset: Mapping[str, Argument] | None = None) -> ChangeForm:
        """Ask for the arguments of a change."""
        form = ChangeForm(self._context, kind, fqn, self._widget.window(), preset)
        form.show()
        return form

    def _add(self, menu: QMenu, kind: ChangeKind, fqn: str) -> QAction:
        action = menu.addAction(f"{kind.title}...")
        action.setToolTip(kind.summary)
        action.triggered.connect(lambda _checked=False: self.open_form(kind, fqn))
        return action
