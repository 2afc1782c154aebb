"""Reads the window's state for the actions, and says when it has changed."""

from __future__ import annotations

from moduleview.gui.actions.window_state import WindowState
from moduleview.gui.docking.docks import Docks
from moduleview.gui.look.appearance import Appearance
from moduleview.gui.selection import Selection
from moduleview.session import Session
from moduleview.telemetry.store_view import StoreView


class StateReader:
    """GUI thread only; cheap enough for every tick."""

    def __init__(self, session: Session, selection: Selection, appearance: Appearance) -> None:
        self._session, self._selection, self._appearance = session, selection, appearance
        self._counted_for: tuple[int, str | None, str | None] = (-1, None, None)
        self._counts = (0, 0)
        self.state = WindowState()

    def read(self, docks: Docks | None) -> bool:
        """Read again; True when it differs from before."""
        store, selection = self._session.store, self._selection
        task = store.task
        n_trainable, n_frozen = self._count(store)
        undo_stack = None if docks is None else docks.undo_stack
        state = WindowState(
            run=store.run.state,
            has_steps=task is not None and (store.run.step > 0 or store.last_step is not None),
            has_model=task is not None,
            is_opening=self._session.is_opening,
            cannot_train_reason="" if task is None or task.can_train else task.cannot_train_reason,
            has_random_data=task is not None and task.random_data is not None,
            capabilities=self._session.capabilities,
            target="" if task is None else task.target,
            fqn=selection.fqn,
            n_trainable=n_trainable,
            n_frozen=n_frozen,
            can_go_back=selection.can_go_back,
            can_go_forward=selection.can_go_forward,
            can_undo=undo_stack is not None and undo_stack.canUndo(),
            can_redo=undo_stack is not None and undo_stack.canRedo(),
            scheme=self._appearance.scheme,
            open_panels=_open_panels(docks),
        )
        has_changed, self.state = state != self.state, state
        return has_changed

    def _count(self, store: StoreView) -> tuple[int, int]:
        """Trainable and frozen parameters in what is selected; counted anew only when that changes."""
        selection = self._selection
        asked = (store.model_revision, selection.fqn, selection.tensor_fqn)
        if asked != self._counted_for:
            self._counted_for = asked
            self._counts = _count_parameters(store, selection)
        return self._counts


def _open_panels(docks: Docks | None) -> frozenset[str]:
    return frozenset() if docks is None else frozenset(dock.objectName() for dock in docks.docks if dock.is_open)


def _count_parameters(store: StoreView, selection: Selection) -> tuple[int, int]:
    model, fqn = store.model, selection.fqn
    if model is None or fqn is None:
        return 0, 0
    row = None if selection.tensor_fqn is None else model.tensor_row_of(selection.tensor_fqn)
    node = model.node_of(fqn)
    if row is not None:
        rows = slice(row, row + 1)
    elif node is not None:
        tensors = model.subtree_tensors(node)
        rows = slice(tensors.start, tensors.stop)
    else:
        return 0, 0
    is_parameter = model.tensors.is_parameter[rows]
    n_trainable = int((is_parameter & model.tensors.requires_grad[rows]).sum())
    return n_trainable, int(is_parameter.sum()) - n_trainable
