"""On what a hook of a kind can go, of what is selected."""

from __future__ import annotations

from moduleview.gui.selection import Selection
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.user_hooks_messages import UserHookKind


def place_from(selection: Selection, model: ModelSnapshot | None, kind: UserHookKind) -> str | None:
    """FQN of the selected module; for a kind of parameters that of the selected one, or of the module's first.

    None where nothing of that kind is selected.
    """
    if model is None or selection.fqn is None:
        return None
    if not kind.is_of_parameter:
        return selection.fqn
    chosen = selection.tensor_fqn
    row = None if chosen is None else model.tensor_row_of(chosen)
    if row is not None and model.tensors.is_parameter[row]:
        return chosen
    node = model.node_of(selection.fqn)
    rows = () if node is None else model.own_tensors(node)
    return next((model.tensor_fqn_of(row) for row in rows if model.tensors.is_parameter[row]), None)
