"""Stores filled by hand: a chain of linear layers with the gradient norms and losses that a test wants."""

import numpy as np

from moduleview.telemetry.records import ModelOpened, SeriesDeclared, SeriesKey, StepRecord, TaskSummary
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, TensorTable
from moduleview.telemetry.store import SeriesStore

NUMEL = 64 * 64


def chain_snapshot(n_layers):
    """Root and ``layers.0 .. n-1``, each with one weight of 64 × 64."""
    n = n_layers + 1
    tensors = TensorTable(
        names=("weight",) * n_layers,
        module=np.arange(1, n, dtype=np.int32),
        is_parameter=np.ones(n_layers, dtype=np.bool_),
        shapes=((64, 64),) * n_layers,
        dtypes=("float32",) * n_layers,
        devices=("cpu",) * n_layers,
        requires_grad=np.ones(n_layers, dtype=np.bool_),
        persistent=np.ones(n_layers, dtype=np.bool_),
        alias_of=np.full(n_layers, NO_NODE, dtype=np.int32),
        numel=np.full(n_layers, NUMEL, dtype=np.int64),
        n_bytes=np.full(n_layers, 4 * NUMEL, dtype=np.int64),
    )
    return ModelSnapshot(
        generation=0,
        names=("Chain", *(f"layer{i}" for i in range(n_layers))),
        type_names=("Chain", *("Linear",) * n_layers),
        parent=np.array([NO_NODE] + [0] * n_layers, dtype=np.int32),
        depth=np.array([0] + [1] * n_layers, dtype=np.int32),
        subtree_end=np.array([n, *range(2, n + 1)], dtype=np.int32),
        alias_of=np.full(n, NO_NODE, dtype=np.int32),
        traits=np.zeros(n, dtype=np.uint8),
        training=np.ones(n, dtype=np.bool_),
        tensor_begin=np.array([0, *range(n)], dtype=np.int32),
        tensors=tensors,
    )


class HandMadeRun:
    """A store with ``n_layers`` layers whose steps a test adds."""

    def __init__(self, n_layers):
        self.store = SeriesStore()
        self.snapshot = chain_snapshot(n_layers)
        task = TaskSummary("Chain", "chain.py", "chain.py", "cpu", ("cpu",), True)
        self.store.apply(ModelOpened(self.snapshot, task))
        keys = (SeriesKey("loss"), *(SeriesKey("grad_norm", fqn) for fqn in self.snapshot.tensor_fqns))
        self.store.apply(SeriesDeclared(0, keys))
        self._series = np.arange(len(keys), dtype=np.int32)
        self.n_steps = 0

    def step(self, loss, norms):
        values = np.concatenate(([loss], norms)).astype(np.float32)
        self.store.apply(StepRecord(0, self.n_steps, self.n_steps * 0.01, self._series, values))
        self.n_steps += 1


def watch(run, detector, losses, norms, every=7):
    """Feed a whole run, let the detector look every few steps as the window does, and give all titles it ever said."""
    ever, since = {}, 0
    for step, (loss, row) in enumerate(zip(losses, norms, strict=True)):
        run.step(loss, row)
        if step % every == every - 1 or step + 1 == len(losses):
            for finding in detector.check(run.store, since):
                ever.setdefault((finding.id, finding.title, finding.fqn), (step, finding))
            since = run.store.last_step + 1
    return ever


def healthy(seed, n_steps, n_layers):
    """Losses that fall with noise, and norms that fall, drift and are noisy: (steps,), (steps, layers)."""
    rng = np.random.default_rng(seed)
    steps = np.arange(n_steps)
    floor, rate = rng.uniform(1e-3, 0.5), rng.uniform(0.003, 0.05)
    losses = (floor + 2.3 * np.exp(-rate * steps)) * rng.lognormal(0.0, rng.uniform(0.02, 0.5), n_steps)
    level = rng.uniform(-4, 1) + rng.uniform(-1.5, 1.5, n_layers)  # decades: layers differ by up to a thousand
    drift = np.cumsum(rng.normal(0.0, 0.01, (n_steps, n_layers)), axis=0)
    common = rng.normal(0.0, 0.1, (n_steps, 1))
    noise = rng.normal(0.0, rng.uniform(0.02, 0.2), (n_steps, n_layers))
    return losses, 10.0 ** (level + drift + common + noise - 0.5 * steps[:, None] / n_steps)
