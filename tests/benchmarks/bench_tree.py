"""The module tree at 1 000 000 modules: model build, a keystroke in the filter, expand-all, a painted frame, memory.

Run as ``python tests/benchmarks/bench_tree.py [modules]``; prints a table in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "gui")]

import numpy as np  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402
from summary import bench_parser, report, start  # noqa: E402
from tree_builders import Bench, gpt_spec  # noqa: E402

from builders import add_steps, declare_gradients, opened_store  # noqa: E402
from moduleview.gui.models.module_tree_model import ModuleTreeModel  # noqa: E402
from moduleview.gui.panels.modules import ModulesPanel  # noqa: E402
from moduleview.telemetry.name_index import NameIndex  # noqa: E402
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait, TensorTable  # noqa: E402

_BLOCK_MODULES = 10
REGEX = r"/s\.\d+7\.attn$/"
QUERIES = ("attn", "type:Linear", "blocks.7", r"/attn\.qkv$/", REGEX, "hook:fwd", "mlp !type:gelu")
LIVE_QUERY = "grad>1e-2"


def big_snapshot(n_modules: int) -> ModelSnapshot:
    """A GPT of so many modules, built from the arrays of one block: ``snapshot_of`` is too slow for this size."""
    n_blocks = (n_modules - 2) // _BLOCK_MODULES
    block = [(fqn, kind, own) for fqn, kind, own in gpt_spec(1, width=8) if fqn.startswith("blocks.0")]
    n = 2 + n_blocks * _BLOCK_MODULES
    fqns = [fqn for fqn, _kind, _own in block]
    parent_in_block = np.array([-1 if fqn == "blocks.0" else fqns.index(fqn.rpartition(".")[0]) for fqn in fqns])
    end_in_block = np.array(
        [next((j for j in range(i + 1, 10) if not fqns[j].startswith(fqn + ".")), 10) for i, fqn in enumerate(fqns)]
    )
    begins = 2 + _BLOCK_MODULES * np.arange(n_blocks)[:, None]
    parents = np.where(parent_in_block < 0, 1, begins + parent_in_block).reshape(-1)
    own_counts = np.array([len(own) for _fqn, _kind, own in block])
    own_names = [name for _fqn, _kind, own in block for name, _shape in own]
    n_own = len(own_names)
    tensor_begin = np.concatenate(([0, 0], np.cumsum(np.concatenate(([0], np.tile(own_counts, n_blocks))))))
    n_tensors = n_blocks * n_own
    names = [fqn.rpartition(".")[2] for fqn in fqns]
    tails = [names[1:]] * n_blocks
    return ModelSnapshot(
        generation=0,
        names=("GPT", "blocks", *(name for number, tail in enumerate(tails) for name in (str(number), *tail))),
        type_names=("GPT", "ModuleList", *([kind for _fqn, kind, _own in block] * n_blocks)),
        parent=np.concatenate(([NO_NODE, 0], parents)).astype(np.int32),
        depth=np.concatenate(([0, 1], np.tile([fqn.count(".") + 1 for fqn in fqns], n_blocks))).astype(np.int8),
        subtree_end=np.concatenate(([n, n], (begins + end_in_block).reshape(-1))).astype(np.int32),
        alias_of=np.full(n, NO_NODE, dtype=np.int32),
        traits=np.array([ModuleTrait.PLAIN, ModuleTrait.CONTAINER] + [ModuleTrait.PLAIN] * (n - 2), dtype=np.uint8),
        training=np.ones(n, dtype=np.bool_),
        tensor_begin=tensor_begin.astype(np.int32),
        tensors=TensorTable(
            names=tuple(own_names * n_blocks),
            module=np.repeat(np.arange(n), np.diff(tensor_begin)).astype(np.int32),
            is_parameter=np.ones(n_tensors, dtype=np.bool_),
            shapes=((8,),) * n_tensors,
            dtypes=("float32",) * n_tensors,
            devices=("cpu",) * n_tensors,
            requires_grad=np.ones(n_tensors, dtype=np.bool_),
            persistent=np.ones(n_tensors, dtype=np.bool_),
            alias_of=np.full(n_tensors, NO_NODE, dtype=np.int32),
            numel=np.full(n_tensors, 8, dtype=np.int64),
            n_bytes=np.full(n_tensors, 32, dtype=np.int64),
        ),
    )


def timed_ms(run: Callable[[], object], repeats: int = 9) -> list[float]:
    """Durations of several runs, in milliseconds."""
    durations = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        durations.append((time.perf_counter() - begin) * 1000)
    return durations


def row(what: str, durations: list[float], goal: str) -> None:
    """Print one line of the table."""
    print(f"{what:<58} {statistics.median(durations):9.2f} {max(durations):9.2f}   {goal}")
    if goal and not what.startswith("  keystrokes"):  # those are in the row of all of them
        report(f"tree: {what.strip()}", float(goal.removeprefix("<= ")), statistics.median(durations), "ms")


def bench_typing(panel: ModulesPanel, application: QApplication) -> None:
    """Type each query letter by letter; every prefix is a keystroke."""
    everything: list[float] = []
    for query in QUERIES:
        durations = []
        for length in range(1, len(query) + 1):
            durations += timed_ms(lambda text=query[:length]: panel.field.setText(text), 1)
            application.processEvents()
        everything += durations
        row(f"  keystrokes of {query!r}", durations, "<= 16")
        panel.field.setText("")
        application.processEvents()
    row("keystroke in the filter, all of them", everything, "<= 16")
    report("tree: slowest keystroke of all", None, max(everything), "ms")
    panel.field.setText(REGEX)
    row(f"  {REGEX!r}, once the keys pause, first time", timed_ms(panel.field.filter_wanted.emit, 1), "")
    row(f"  {REGEX!r}, once the keys pause", timed_ms(panel.field.filter_wanted.emit, 5), "")
    panel.field.setText("")
    row(f"  {LIVE_QUERY!r}, first time at a step", timed_ms(lambda: panel.field.setText(LIVE_QUERY), 1), "")
    panel.field.setText("")
    again = timed_ms(lambda: panel.field.setText(LIVE_QUERY + "0" * (1 + len(panel.field.text()) % 2)), 5)
    row(f"  {LIVE_QUERY!r}, again", again, "<= 16")
    panel.field.setText("")


def bench_rows(panel: ModulesPanel, application: QApplication) -> None:
    """Open and close everything, and paint."""
    opened, closed, painted = [], [], []
    for _ in range(9):
        closed += timed_ms(lambda: panel.view.set_subtree_expanded(0, False), 1)
        application.processEvents()
        opened += timed_ms(lambda: panel.view.set_subtree_expanded(0, True), 1)
        painted += timed_ms(lambda: panel.view.viewport().repaint(), 3)
        application.processEvents()
    row("expand all", opened, "<= 16")
    row("collapse all", closed, "")
    row(f"painted frame, {len(panel.view.shown_nodes())} rows", painted, "")
    bar, at = panel.view.verticalScrollBar(), iter(range(5_000, 2_000_000, 7_001))
    row("scroll to other rows, gradients read, without painting", timed_ms(lambda: bar.setValue(next(at)), 30), "<= 16")


def bench_refresh(panel: ModulesPanel, bench: Bench) -> None:
    """A step arrives: the rows on the screen read what is new."""
    keys = bench.store.keys("grad_norm")
    durations = []
    for step in range(1000, 1015):
        add_steps(bench.store, np.full((1, len(keys) + 1), 0.5), step)
        durations += timed_ms(lambda: panel.refresh(bench.store), 1)
    row("refresh after a step, root in view", timed_ms(lambda: panel.refresh(bench.store), 3)[:1] + durations, "<= 5")


def bench_memory(n_modules: int) -> None:
    """What a module takes: its row of the picture, and what the tree and its filter keep of it."""
    taken = []
    tracemalloc.start()
    snapshot = big_snapshot(n_modules)
    taken.append(tracemalloc.get_traced_memory()[0])
    kept = [ModuleTreeModel(snapshot), NameIndex(snapshot)]
    taken.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    columns = vars(snapshot.tensors).values()
    of_tensors = sum(each.nbytes if isinstance(each, np.ndarray) else sys.getsizeof(each) for each in columns)
    picture, tree = (taken[0] - of_tensors) / n_modules, (taken[1] - taken[0]) / n_modules
    print(f"bytes a module: {picture:.0f} in the picture, {tree:.0f} in the tree and its filter; beside them")
    print(f"{of_tensors / len(snapshot.tensors):.0f} a tensor; measured at {n_modules:,} modules")
    del kept
    report("tree: bytes a module, picture and tree", 64.0, picture + tree, "B")


def main(arguments: argparse.Namespace) -> None:
    """Print the table."""
    n_modules = arguments.modules
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    snapshot = big_snapshot(n_modules)
    print(f"{len(snapshot):,} modules, {len(snapshot.tensors):,} tensors{'':<26} median ms    max ms   goal")
    row("model from the snapshot", timed_ms(lambda: ModuleTreeModel(snapshot), 5), "")
    row("index of the names, once a model", timed_ms(lambda: NameIndex(snapshot), 5), "")
    row("FQNs, once a model", timed_ms(lambda: snapshot.fqns, 1), "")
    bench = Bench(opened_store(snapshot))
    panel = ModulesPanel(bench.context())
    panel.resize(492, 900)
    panel.show()
    row("panel takes the model", timed_ms(lambda: panel.refresh(bench.store), 1), "")
    application.processEvents()
    bench_typing(panel, application)
    bench_rows(panel, application)
    declare_gradients(bench.store)
    add_steps(bench.store, np.full((2, len(snapshot.tensors) + 1), 0.5))
    panel.view.verticalScrollBar().setValue(3000)
    panel.refresh(bench.store)
    bench_refresh(panel, bench)
    bench_memory(min(n_modules, 200_000))


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("modules", type=int, nargs="?", default=1_000_000)
    start(main, parser)
