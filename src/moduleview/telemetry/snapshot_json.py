"""A snapshot as plain dicts and lists, for ``moduleview inspect --json``, scripts and bug reports.

``alias_of`` is the FQN of the place where the same module or tensor is registered first, or None at that first place;
the FQN of the root module is "". Totals count what stands more than once as ``Totals`` says.
"""

from __future__ import annotations

from typing import Any

from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait

JSON_VERSION = 1


def snapshot_to_dict(snapshot: ModelSnapshot) -> dict[str, Any]:
    """``version``, ``modules``, ``tensors`` and ``totals``; every value is one that JSON has."""
    totals = snapshot.totals
    return {
        "version": JSON_VERSION,
        "modules": [_module(snapshot, node) for node in range(len(snapshot))],
        "tensors": [_tensor(snapshot, row) for row in range(len(snapshot.tensors))],
        "totals": {
            "modules": int((snapshot.alias_of == NO_NODE).sum()),
            "parameters": totals.parameters,
            "parameters_referenced": totals.parameters_referenced,
            "trainable": totals.trainable,
            "buffers": totals.buffers,
            "n_bytes": totals.n_bytes,
        },
    }


def _module(snapshot: ModelSnapshot, node: int) -> dict[str, Any]:
    first = int(snapshot.alias_of[node])
    parent = int(snapshot.parent[node])
    return {
        "fqn": snapshot.fqns[node],
        "type": snapshot.type_names[node],
        "alias_of": None if first == NO_NODE else snapshot.fqns[first],
        "parent": None if parent == NO_NODE else snapshot.fqns[parent],
        "depth": int(snapshot.depth[node]),
        "trait": ModuleTrait(int(snapshot.traits[node])).name.lower(),
        "training": bool(snapshot.training[node]),
        "own_parameters": int(snapshot.own_parameters[node]),
        "subtree_parameters": int(snapshot.subtree_parameters[node]),
    }


def _tensor(snapshot: ModelSnapshot, row: int) -> dict[str, Any]:
    tensors = snapshot.tensors
    first, shape = int(tensors.alias_of[row]), tensors.shapes[row]
    return {
        "fqn": snapshot.tensor_fqns[row],
        "kind": "parameter" if tensors.is_parameter[row] else "buffer",
        "module": snapshot.fqns[int(tensors.module[row])],
        "shape": None if shape is None else list(shape),
        "dtype": tensors.dtypes[row],
        "device": tensors.devices[row],
        "requires_grad": bool(tensors.requires_grad[row]),
        "persistent": bool(tensors.persistent[row]),
        "alias_of": None if first == NO_NODE else snapshot.tensor_fqns[first],
        "numel": int(tensors.numel[row]),
        "n_bytes": int(tensors.n_bytes[row]),
    }
