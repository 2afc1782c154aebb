"""What measuring costs a training step: watched over unwatched, interleaved in one run. Prints a table.

Run it with ``python tests/benchmarks/bench_gradient_read.py [--steps 150]``. Times are the thread's CPU time, so that
other programs on the machine count less. A ratio is the median over all rounds of the one within a round, so that a
machine that slows down counts on both sides; the A/A row is unwatched over unwatched and shows the noise that is left.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from summary import report
from torch import nn

from moduleview.engine.task import TrainingTask
from moduleview.probes.base import Probe
from moduleview.probes.grad_norm import GradNorm
from moduleview.probes.recorder import Recorder
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookKind

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "transformer.py"
GOAL_GRADIENTS = 1.01  # issue 2, Speed
GOAL_LEAVES = 1.02  # performance.md
STEPS_A_TURN = 5


def transformer() -> TrainingTask:
    """The character transformer of the samples."""
    spec = importlib.util.spec_from_file_location("transformer", SAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.task()


def mlp() -> TrainingTask:
    """Ten small layers: the step is so short that overhead shows."""
    torch.manual_seed(0)
    model = nn.Sequential(*(layer for _ in range(10) for layer in (nn.Linear(256, 256), nn.ReLU())))
    batch = torch.randn(64, 256), torch.randn(64, 256)
    return TrainingTask(
        model, torch.optim.AdamW(model.parameters()), [batch], nn.functional.mse_loss, title="MLP 10x256"
    )


class Mode:
    """One way of running a step."""

    def __init__(
        self, name: str, goal: float | None, tick: Callable[[Recorder], None] | None, *, only: type[Probe] = Probe
    ) -> None:
        self.name, self.goal, self._tick, self._only = name, goal, tick, only
        self.times_s: list[float] = []  # the median of each turn
        self._recorder: Recorder | None = None
        self._n_steps = 0

    def prepare(self, model: nn.Module) -> None:
        """A recorder of its own, past its first step."""
        if self._tick is not None:
            self._recorder = Recorder(model, lambda _: None)
            self._recorder._probes = [probe for probe in self._recorder._probes if isinstance(probe, self._only)]

    def turn(self, train: Callable[[], torch.Tensor]) -> None:
        """Some timed steps behind one that is not: ticking costs at its first step only. What it puts on goes off."""
        recorder = self._recorder
        if recorder is not None:
            recorder.attach()
            assert self._tick is not None
            self._tick(recorder)
        times_s = []
        for number in range(STEPS_A_TURN + 1):
            began_s = time.thread_time()
            if recorder is None:
                train()
            else:
                recorder.begin_step(self._n_steps)
                recorder.end_step(self._n_steps, 0.0, train())
            if number:
                times_s.append(time.thread_time() - began_s)
            self._n_steps += 1
        self.times_s.append(statistics.median(times_s))
        if recorder is not None:
            recorder.detach()


def tick_leaves(*kinds: HookKind) -> Callable[[Recorder], None]:
    """Tick kinds of hook on every module that has no children."""

    def tick(recorder: Recorder) -> None:
        leaves = tuple(fqn for fqn, module in recorder._index.modules.items() if not list(module.children()))
        for kind in kinds:
            recorder.set_hooks(SetHooks(leaves, kind, enabled=True))

    return tick


def training(task: TrainingTask) -> Callable[[], torch.Tensor]:
    """One whole step of a task."""
    batches: Iterator[Any] = iter(())

    def train() -> torch.Tensor:
        nonlocal batches
        batch = next(batches, None)
        if batch is None:
            batches = iter(task.batches)
            batch = next(batches)
        inputs, target = batch
        task.optimizer.zero_grad()
        loss = task.loss(task.model(inputs), target)
        loss.backward()
        task.optimizer.step()
        return loss

    return train


def measure(task: TrainingTask, n_steps: int) -> list[Mode]:
    """Every mode ``n_steps`` times, in a new order each round."""
    modes = [
        Mode("unwatched", None, None),
        Mode("unwatched again (A/A)", None, None),
        Mode("one batched read of all gradients", GOAL_GRADIENTS, lambda _: None, only=GradNorm),
        Mode("+ loss; weights, memory every 10th", None, lambda _: None),
        Mode("+ outputs of every leaf", GOAL_LEAVES, tick_leaves(HookKind.FORWARD)),
        Mode("+ gradients at them", GOAL_LEAVES, tick_leaves(HookKind.FORWARD, HookKind.BACKWARD)),
    ]
    train = training(task)
    for mode in modes:
        mode.prepare(task.model)
    order = random.Random(0)
    for mode in modes:
        mode.turn(train)
        mode.times_s.clear()
    for _ in range(max(1, n_steps // STEPS_A_TURN)):
        for mode in order.sample(modes, len(modes)):
            mode.turn(train)
    return modes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=150)
    n_steps = parser.parse_args().steps
    torch.set_num_threads(1)
    for make in (transformer, mlp):
        task = make()
        modes = measure(task, n_steps)
        base_s = statistics.median(modes[0].times_s)
        print(f"\n{task.title}, {n_steps} steps a row, unwatched step {base_s * 1e3:.2f} ms")
        for mode in modes:
            median_s = statistics.median(mode.times_s)
            ratio = statistics.median(mine / base for mine, base in zip(mode.times_s, modes[0].times_s, strict=True))
            goal = "" if mode.goal is None else f"goal {mode.goal:.2f}"
            print(f"  {mode.name:<38} {median_s * 1e3:8.2f} ms   {ratio:6.3f}   {goal}")
            if mode is not modes[0]:
                goal_here = mode.goal if make is transformer else None  # the goals are the transformer's
                report(f"{task.title}: {mode.name}", goal_here, ratio)


if __name__ == "__main__":
    main()
