"""What torch's containers are, in words: how they hold what they hold, and whether they are called."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from moduleview.gui.look.number_format import exact_count
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.snapshot import NO_NODE, ContainerKind, ModelSnapshot, ModuleTrait


class ContainerWords(QObject):
    """The words, translated. GUI thread only."""

    def short(self, snapshot: ModelSnapshot, node: int) -> str:
        """What stands behind a container's name: ``6 by index``; "" for other modules."""
        kind = snapshot.container(node)
        if kind is ContainerKind.NONE:
            return ""
        n_held = exact_count(self._n_held(snapshot, node, kind))
        return {
            ContainerKind.SEQUENTIAL: self.tr("{0} in order"),
            ContainerKind.MODULE_LIST: self.tr("{0} by index"),
            ContainerKind.MODULE_DICT: self.tr("{0} by key"),
            ContainerKind.PARAMETER_LIST: self.tr("{0} parameters by index"),
            ContainerKind.PARAMETER_DICT: self.tr("{0} parameters by key"),
        }[kind].format(n_held)

    def shortest(self, snapshot: ModelSnapshot, node: int) -> str:
        """The same where there is no room for words: ``[6]`` in a list, ``{2}`` in a dict, ``(3)`` in order."""
        kind = snapshot.container(node)
        if kind is ContainerKind.NONE:
            return ""
        n_held = exact_count(self._n_held(snapshot, node, kind))
        if kind in (ContainerKind.MODULE_LIST, ContainerKind.PARAMETER_LIST):
            return f"[{n_held}]"
        return f"({n_held})" if kind is ContainerKind.SEQUENTIAL else f"{{{n_held}}}"

    def facts(self, snapshot: ModelSnapshot, node: int) -> list[str]:
        """What the head of the Inspector says of a container."""
        short = self.short(snapshot, node)
        facts = [short] if short else []
        if snapshot.traits[node] == ModuleTrait.CONTAINER:
            facts.append(self.tr("not called itself"))
        return facts

    def explanation(self, snapshot: ModelSnapshot, node: int) -> str:
        """A sentence on what a container does, "" for other modules."""
        is_called = snapshot.traits[node] != ModuleTrait.CONTAINER
        not_called = "" if is_called else self.tr("It is not called itself: the forward() above it calls them.")
        text = {
            ContainerKind.NONE: "",
            ContainerKind.SEQUENTIAL: self.tr(
                "Sequential calls its modules in order; the output of each is the input of the next."
            ),
            ContainerKind.MODULE_LIST: self.tr("ModuleList holds modules by index, as a list does."),
            ContainerKind.MODULE_DICT: self.tr("ModuleDict holds modules by key, as a dict does."),
            ContainerKind.PARAMETER_LIST: self.tr("ParameterList holds parameters by index, as a list does."),
            ContainerKind.PARAMETER_DICT: self.tr("ParameterDict holds parameters by key, as a dict does."),
        }[snapshot.container(node)]
        holds_tensors = snapshot.container(node) in (ContainerKind.PARAMETER_LIST, ContainerKind.PARAMETER_DICT)
        if holds_tensors:
            not_called = self.tr("It is not called itself: the forward() above it reads them.")
        return f"{text} {not_called}".strip() if text else ""

    def around(self, snapshot: ModelSnapshot, node: int) -> tuple[str, str]:
        """What stands muted before and behind a module's name because of what holds it: ``[`` 0 ``]``."""
        parent = int(snapshot.parent[node])
        if parent == NO_NODE:
            return "", ""
        match snapshot.container(parent):
            case ContainerKind.MODULE_LIST:
                return "[", "]"
            case ContainerKind.MODULE_DICT:
                return '["', '"]'
            case ContainerKind.SEQUENTIAL:
                return self._place(snapshot, parent, node), ""
            case _:
                return "", ""

    def tensor_name(self, snapshot: ModelSnapshot, row: int, prefix_length: int) -> str:
        """Name of a tensor below the module whose FQN has so many characters: ``scales[0]``, ``heads["a"]``."""
        name = displayable(snapshot.tensor_fqns[row][prefix_length:])
        kind = snapshot.container(int(snapshot.tensors.module[row]))
        if kind not in (ContainerKind.PARAMETER_LIST, ContainerKind.PARAMETER_DICT):
            return name
        above, dot, last = name.rpartition(".")
        key = f"[{last}]" if kind is ContainerKind.PARAMETER_LIST else f'["{last}"]'
        return f"{above}{key}" if dot else key

    def _place(self, snapshot: ModelSnapshot, parent: int, node: int) -> str:
        """``2 `` before a module of a Sequential whose name is not its place."""
        name = snapshot.names[node]
        if name.isdecimal():
            return ""
        siblings = snapshot.parent[parent + 1 : node]
        return f"{int(np.count_nonzero(siblings == parent))} "

    def _n_held(self, snapshot: ModelSnapshot, node: int, kind: ContainerKind) -> int:
        if kind in (ContainerKind.PARAMETER_LIST, ContainerKind.PARAMETER_DICT):
            return len(snapshot.own_tensors(node))
        return int(np.count_nonzero(snapshot.parent[node + 1 : int(snapshot.subtree_end[node])] == node))
