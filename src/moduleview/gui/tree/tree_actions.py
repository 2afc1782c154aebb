"""What a person can do to modules in the tree, with undo: tick hooks, freeze, pin, copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication, QUndoCommand, QUndoStack

from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.hook_states import CellState
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Capability, Command, Freeze, SetHooks
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.snapshot import ModelSnapshot

_DONE = (CellState.ACTIVE, CellState.REQUESTED)


class TreeActions(QObject):
    """Sends commands for modules, and takes them back."""

    def __init__(self, context: PanelContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self.undo_stack = QUndoStack(self)

    def toggle(self, model: ModuleTreeModel, nodes: Sequence[int], kind: HookKind, *, below: bool) -> None:
        """Tick, or untick where everything is ticked already."""
        if below:
            states = {model.hooks.state(node, kind) for node in nodes} - {CellState.CANNOT_FIRE}
            enabled = not states or not states <= set(_DONE)
        else:
            enabled = not all(model.hooks.ticked(kind)[node] for node in nodes)
        self.set_hooks(model, nodes, kind, enabled=enabled, below=below)

    def set_hooks(
        self, model: ModuleTreeModel, nodes: Sequence[int], kind: HookKind, *, enabled: bool, below: bool = True
    ) -> None:
        """Tick or untick a kind of hook; says so where that is not possible."""
        if Capability.HOOKS not in self._context.capabilities():
            self._context.notify(self.tr("Hooks cannot be ticked here: this source does not run the model."))
            return
        fqns = model.hooks.targets(nodes, kind, enabled=enabled, below=below)
        if not fqns:
            if enabled and nodes:
                self._context.notify(model.texts.cannot_fire(model.snapshot, nodes[-1]))
            return
        text = self.tr("tick {0} hooks") if enabled else self.tr("untick {0} hooks")
        self._do(
            text.format(exact_count(len(fqns))), [SetHooks(fqns, kind, enabled)], [SetHooks(fqns, kind, not enabled)]
        )

    def freeze(self, snapshot: ModelSnapshot, node: int, *, frozen: bool) -> None:
        """Freeze or unfreeze a subtree; the journal's entry is undone as every other, and gives back what there was."""
        rows = np.arange(len(snapshot.tensors))[slice(*_bounds(snapshot, node))]
        tensors = snapshot.tensors
        if (tensors.is_parameter[rows] & (tensors.requires_grad[rows] == frozen)).any():
            self._context.send(Freeze(snapshot.fqns[node], frozen))

    def toggle_pins(self, fqns: Sequence[str]) -> None:
        """Pin or unpin the curves of modules."""
        for fqn in fqns:
            self._context.selection.toggle_pin(fqn)

    def copy_paths(self, snapshot: ModelSnapshot, nodes: Sequence[int]) -> None:
        """FQNs to the clipboard, a line each."""
        self._copy("\n".join(snapshot.fqns[node] for node in nodes))

    def copy_expressions(self, snapshot: ModelSnapshot, nodes: Sequence[int]) -> None:
        """``model.get_submodule("blocks.4")`` to the clipboard, a line each."""
        self._copy("\n".join(python_expression(snapshot.fqns[node]) for node in nodes))

    def use_in_console(self, snapshot: ModelSnapshot, node: int) -> None:
        """The same into the console, where its cursor stands."""
        self._context.handovers.insert_code(python_expression(snapshot.fqns[node]))

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._context.notify(self.tr("Copied"))

    def _do(self, text: str, forth: Sequence[Command], back: Sequence[Command]) -> None:
        self.undo_stack.push(_SentCommands(text, forth, back, self._context.send))


def python_expression(fqn: str, getter: str = "get_submodule") -> str:
    """How a module is reached from ``model`` in Python; with another getter a parameter or a buffer."""
    if not fqn:
        return "model"
    escaped = fqn.replace("\\", "\\\\").replace('"', '\\"')
    return f'model.{getter}("{escaped}")'


class _SentCommands(QUndoCommand):
    """Commands that were sent, and those that take them back."""

    def __init__(
        self, text: str, forth: Sequence[Command], back: Sequence[Command], send: Callable[[Command], None]
    ) -> None:
        super().__init__(text)
        self._forth, self._back, self._send = tuple(forth), tuple(back), send

    def redo(self) -> None:
        for command in self._forth:
            self._send(command)

    def undo(self) -> None:
        for command in self._back:
            self._send(command)


def _bounds(snapshot: ModelSnapshot, node: int) -> tuple[int, int]:
    rows = snapshot.subtree_tensors(node)
    return rows.start, rows.stop
