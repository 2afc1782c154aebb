"""Hand-made snapshots and runs for tests that need no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from moduleview.telemetry.records import (
    ModelOpened,
    RunChanged,
    RunState,
    SeriesDeclared,
    SeriesKey,
    StepRecord,
    TaskSummary,
)
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait, TensorTable
from moduleview.telemetry.store import SeriesStore

Spec = Sequence[tuple[str, str, Sequence[tuple[str, tuple[int, ...]]]]]
"""Modules in pre-order: FQN, type, own parameters by name and shape."""

SMALL: Spec = (
    ("", "Net", ()),
    ("embed", "Embedding", (("weight", (10, 4)),)),
    ("blocks", "ModuleList", ()),
    ("blocks.0", "Block", ()),
    ("blocks.0.lin", "Linear", (("weight", (4, 4)), ("bias", (4,)))),
    ("blocks.0.act", "ReLU", ()),
    ("blocks.1", "Block", ()),
    ("blocks.1.lin", "Linear", (("weight", (4, 4)), ("bias", (4,)))),
    ("head", "Linear", (("weight", (3, 4)),)),
)


def snapshot_of(spec: Spec = SMALL, generation: int = 0) -> ModelSnapshot:
    """A snapshot with float32 parameters on the CPU and nothing shared."""
    fqns = [fqn for fqn, _type, _own in spec]
    node_of = {fqn: node for node, fqn in enumerate(fqns)}
    depth = [0 if not fqn else fqn.count(".") + 1 for fqn in fqns]
    ends = [
        next((later for later in range(node + 1, len(fqns)) if depth[later] <= depth[node]), len(fqns))
        for node in range(len(fqns))
    ]
    own = [(node, name, shape) for node, (_f, _t, tensors) in enumerate(spec) for name, shape in tensors]
    numel = np.array([int(np.prod(shape)) for _n, _name, shape in own], dtype=np.int64)
    n = len(own)
    begins = np.searchsorted([node for node, _name, _shape in own], np.arange(len(fqns) + 1))
    return ModelSnapshot(
        generation=generation,
        names=tuple(fqn.rpartition(".")[2] or spec[0][1] for fqn in fqns),
        type_names=tuple(kind for _fqn, kind, _own in spec),
        parent=np.array([node_of[fqn.rpartition(".")[0]] if fqn else NO_NODE for fqn in fqns], dtype=np.int32),
        depth=np.array(depth, dtype=np.int32),
        subtree_end=np.array(ends, dtype=np.int32),
        alias_of=np.full(len(fqns), NO_NODE, dtype=np.int32),
        traits=np.array(
            [ModuleTrait.CONTAINER if kind == "ModuleList" else ModuleTrait.PLAIN for _f, kind, _o in spec],
            dtype=np.uint8,
        ),
        training=np.ones(len(fqns), dtype=np.bool_),
        tensor_begin=begins.astype(np.int32),
        tensors=TensorTable(
            names=tuple(name for _n, name, _s in own),
            module=np.array([node for node, _n, _s in own], dtype=np.int32),
            is_parameter=np.ones(n, dtype=np.bool_),
            shapes=tuple(shape for _n, _name, shape in own),
            dtypes=("float32",) * n,
            devices=("cpu",) * n,
            requires_grad=np.ones(n, dtype=np.bool_),
            persistent=np.ones(n, dtype=np.bool_),
            alias_of=np.full(n, NO_NODE, dtype=np.int32),
            numel=numel,
            n_bytes=numel * 4,
        ),
    )


def tied(snapshot: ModelSnapshot, again: str, first: str) -> ModelSnapshot:
    """The same, where a parameter is registered a second time."""
    alias_of = snapshot.tensors.alias_of.copy()
    alias_of[snapshot.tensor_fqns.index(again)] = snapshot.tensor_fqns.index(first)
    return replace(snapshot, tensors=replace(snapshot.tensors, alias_of=alias_of))


def shared(snapshot: ModelSnapshot, again: str, first: str) -> ModelSnapshot:
    """The same, where a module stands at a second place, with all that is below it."""
    alias_of = snapshot.alias_of.copy()
    for node, fqn in enumerate(snapshot.fqns):
        if fqn == again or fqn.startswith(f"{again}."):
            alias_of[node] = snapshot.fqns.index(first + fqn[len(again) :])
    snapshot = replace(snapshot, alias_of=alias_of)
    for fqn in snapshot.tensor_fqns:
        if fqn.startswith(f"{again}."):
            snapshot = tied(snapshot, fqn, first + fqn[len(again) :])
    return snapshot


def task_info(**changes: object) -> TaskSummary:
    """A task that can train on the CPU."""
    fields = {
        "title": "Net",
        "origin": "net.py",
        "target": "net.py",
        "device": "cpu",
        "devices": ("cpu",),
        "can_train": True,
    }
    return TaskSummary(**{**fields, **changes})  # type: ignore[arg-type]


def opened_store(snapshot: ModelSnapshot | None = None) -> SeriesStore:
    """A store in which a model is open and no step was made."""
    store = SeriesStore()
    store.apply(ModelOpened(snapshot_of() if snapshot is None else snapshot, task_info()))
    store.apply(RunChanged(RunState.READY))
    return store


def declare_gradients(store: SeriesStore) -> tuple[SeriesKey, ...]:
    """Declare the loss and a ``grad_norm`` for each parameter; gives their keys in the order of their ids."""
    assert store.model is not None
    keys = (SeriesKey("loss"), *(SeriesKey("grad_norm", fqn) for fqn in store.model.tensor_fqns))
    store.apply(SeriesDeclared(0, keys))
    return keys


def add_steps(store: SeriesStore, values: np.ndarray, first_step: int = 0) -> None:
    """Append rows of (steps, series); a series whose value is -1 was not measured."""
    for offset, row in enumerate(np.asarray(values, dtype=np.float32)):
        measured = np.flatnonzero(row != -1).astype(np.int32)
        step = first_step + offset
        store.apply(StepRecord(0, step, step * 0.01, measured, row[measured]))
