"""A snapshot as a table for a terminal, for ``moduleview inspect``."""

from __future__ import annotations

from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait

_HEADINGS = ("Module", "Type", "Parameters", "Own tensors")
_MAXIMUM_NAME, _MAXIMUM_TYPE = 60, 40
_BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_TRAIT_WORDS = {
    ModuleTrait.CONTAINER: "container",
    ModuleTrait.LAZY: "waits for its first input",
    ModuleTrait.SCRIPT: "script",
    ModuleTrait.COMPILED: "compiled",
}


def snapshot_to_text(snapshot: ModelSnapshot, title: str = "") -> str:
    """The tree with types, parameters of each subtree and own tensors, and the totals; lines end without blanks."""
    rows = [
        (branch + _name(snapshot, node), _type(snapshot, node), _count(snapshot, node), _tensors(snapshot, node))
        for node, branch in enumerate(_branches(snapshot))
    ]
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(3)]
    lines = [_line(_HEADINGS, widths), "─" * (sum(widths) + 6 + len(_HEADINGS[3]))]
    lines += [_line(row, widths) for row in rows]
    return "\n".join([*([title, ""] if title else []), *lines, "", *_totals(snapshot)])


def _line(cells: tuple[str, str, str, str], widths: list[int]) -> str:
    name, type_name, count, tensors = cells
    return f"{name:<{widths[0]}}  {type_name:<{widths[1]}}  {count:>{widths[2]}}  {tensors}".rstrip()


def _branches(snapshot: ModelSnapshot) -> list[str]:
    """What stands before each name: ``│  ├─ ``."""
    branches = [""] * len(snapshot)
    below = [""] * len(snapshot)
    parents, ends = snapshot.parent.tolist(), snapshot.subtree_end.tolist()
    for node in range(1, len(snapshot)):
        parent = parents[node]
        is_last = ends[node] == ends[parent]
        branches[node] = below[parent] + ("└─ " if is_last else "├─ ")
        below[node] = below[parent] + ("   " if is_last else "│  ")
    return branches


def _name(snapshot: ModelSnapshot, node: int) -> str:
    return displayable(snapshot.names[node], _MAXIMUM_NAME)


def _type(snapshot: ModelSnapshot, node: int) -> str:
    word = _TRAIT_WORDS.get(ModuleTrait(int(snapshot.traits[node])))
    name = displayable(snapshot.type_names[node], _MAXIMUM_TYPE)
    return f"{name} ({word})" if word else name


def _count(snapshot: ModelSnapshot, node: int) -> str:
    count = int(snapshot.subtree_parameters[node])
    return f"{count:,}" if count else "–"


def _tensors(snapshot: ModelSnapshot, node: int) -> str:
    first = int(snapshot.alias_of[node])
    if first != NO_NODE:
        return f"the same module as {displayable(snapshot.fqns[first] or snapshot.names[0])}"
    return ", ".join(_tensor(snapshot, row) for row in snapshot.own_tensors(node))


def _tensor(snapshot: ModelSnapshot, row: int) -> str:
    tensors = snapshot.tensors
    name = displayable(tensors.names[row], _MAXIMUM_NAME)
    first, shape = int(tensors.alias_of[row]), tensors.shapes[row]
    if first != NO_NODE:
        return f"{name} = {displayable(snapshot.tensor_fqns[first])}"
    size = "?" if shape is None else "×".join(map(str, shape)) or "scalar"
    notes = [
        note
        for note, holds in (
            (tensors.dtypes[row], tensors.dtypes[row] != "float32"),
            (tensors.devices[row], tensors.devices[row] != "cpu"),
            ("buffer", not tensors.is_parameter[row]),
            ("not saved", not tensors.persistent[row]),
            ("frozen", tensors.is_parameter[row] and not tensors.requires_grad[row]),
        )
        if holds
    ]
    return f"{name} {size} ({', '.join(notes)})" if notes else f"{name} {size}"


def _totals(snapshot: ModelSnapshot) -> list[str]:
    totals = snapshot.totals
    n_modules = int((snapshot.alias_of == NO_NODE).sum())
    n_places = len(snapshot) - n_modules
    shared = f", {_counted(n_places, 'more place')} of shared ones" if n_places else ""
    repeated = totals.parameters_referenced - totals.parameters
    tied = f" ({totals.parameters_referenced:,} with tied and shared ones repeated)" if repeated else ""
    frozen = totals.parameters - totals.trainable
    return [
        f"{_counted(n_modules, 'module')}{shared}",
        f"{_counted(totals.parameters, 'parameter')}{tied}: {totals.trainable:,} trainable, {frozen:,} frozen",
        f"{_counted(totals.buffers, 'element')} in buffers",
        f"{_bytes(totals.n_bytes)} of parameters and buffers",
    ]


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _bytes(size: int) -> str:
    value, unit = float(size), 0
    while value >= 1024 and unit + 1 < len(_BINARY_UNITS):
        value, unit = value / 1024, unit + 1
    return f"{size} B" if unit == 0 else f"{value:.1f} {_BINARY_UNITS[unit]}"
