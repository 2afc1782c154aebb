"""Trains every sample for a while and keeps its losses for the welcome page.

Run it after a sample was changed: ``python tests/benchmarks/record_sample_losses.py``.
"""

import importlib.util
import json
import math
import time

import torch

from moduleview.engine.training_step import TrainingStep
from moduleview.gui.welcome.samples import LOSS_CURVES
from moduleview.resources import resource_path

N_STEPS = 240


def load(path):
    """The sample as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def losses_of(task, n_steps):
    """The loss of each step, None where it is not finite, as JSON has no NaN."""
    step = TrainingStep(task)
    losses = []
    for _ in range(n_steps):
        step.fetch()
        value = float(step.train())
        losses.append(float(f"{value:.5g}") if math.isfinite(value) else None)
    return losses


def main():
    torch.set_num_threads(1)
    folder = resource_path("samples")
    recorded = {}
    for path in sorted(folder.glob("[!_]*.py")):
        task = load(path).task()
        began = time.perf_counter()
        losses = losses_of(task, N_STEPS)
        print(f"{path.stem}: {losses[0]} -> {losses[-1]}, {N_STEPS / (time.perf_counter() - began):.0f} steps/s")
        recorded[path.stem] = {"n_parameters": sum(p.numel() for p in task.model.parameters()), "losses": losses}
    (folder / LOSS_CURVES).write_text(json.dumps(recorded, indent=0).replace(",\n", ", ") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
