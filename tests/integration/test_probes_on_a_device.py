"""No probe waits for a device: on one of Python's own, where each wait is seen, and on CUDA, which refuses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.optimizer import Optimizer

from moduleview.probes.recorder import Recorder
from moduleview.telemetry.histograms import HistogramsMeasured
from moduleview.telemetry.records import LogLine, Record, SeriesDeclared, StepRecord

SCRIPT = """
import json, sys, traceback
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from fake_device import NAME, on_cpu, on_device
from moduleview.probes import emitter, step_values
from watched_run import WatchedRun

WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "_unique2", "is_nonzero"}
waits, is_sending, n_copies = [], False, 0

class SeesWaits(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        from_device = any(isinstance(one, torch.Tensor) and one.device.type == NAME for one in args)
        to_host = isinstance(result, torch.Tensor) and result.is_cpu
        name = func.overloadpacket.__name__
        if from_device and (name in WAITS or to_host) and not is_sending:
            frames = [one for one in traceback.extract_stack() if "/moduleview/" in one.filename]
            waits.append([name, f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""])
        return result

class AllowedCopy(step_values.HostCopy):  # the one copy a step; on CUDA it is asynchronous
    def __init__(self, values):
        global is_sending, n_copies
        is_sending, n_copies = True, n_copies + values.device.type.count(NAME)
        super().__init__(values)
        is_sending = False

step_values.HostCopy = emitter.HostCopy = AllowedCopy

def linear(n_in, n_out):
    module = nn.Linear(n_in, n_out)
    module.weight = nn.Parameter(on_device(torch.full((n_out, n_in), 0.5)))
    module.bias = nn.Parameter(on_device(torch.zeros(n_out)))
    return module

model = nn.Sequential(linear(90, 60), linear(60, 1))
x = on_device(torch.full((2, 90), 2.0))
run = WatchedRun(model, lr=1e-9)
with SeesWaits():
    float(on_device(torch.ones(())))
    on_device(torch.ones(3)).cpu()
    seen, waits[:] = [name for name, _ in waits], []
    for _ in range(34):
        run.step(lambda: model(x).square().sum())
steps = [one for one in run.records if type(one).__name__ == "StepRecord"]
quantities = sorted({key.quantity for one in run.records for key in getattr(one, "keys", ())})
histograms = sorted({one.quantity for one in run.records if type(one).__name__ == "HistogramsMeasured"})
norms = {fqn: value for (fqn, _), value in run.values("grad_norm").items()}
true = {fqn: on_cpu(p.grad).double().norm().item() for fqn, p in model.named_parameters()}
said = {"seen": seen, "waits": waits, "log": run.log(), "quantities": quantities, "norms": norms, "true": true}
print(json.dumps({**said, "histograms": histograms, "copies": n_copies / len(steps)}))
run.recorder.detach()
"""

EVERY_STEP = {
    "grad_norm",
    "grad_rms",
    "grad_max",
    "grad_mean",
    "grad_std",
    "grad_non_finite",
    "grad_cosine",
    "grad_snr",
}
EVERY_TENTH = {f"weight_{name}" for name in ("norm", "rms", "max", "mean", "std", "non_finite", "zero_share")}
EXPECTED = EVERY_STEP | EVERY_TENTH | {"grad_zero_share", "update_ratio", "update_norm", "loss", "learning_rate"}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process said that trains on the fake device under every probe."""
    script = tmp_path_factory.mktemp("device") / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    here = Path(__file__).parent
    paths = [str(here), str(here.parent / "unit"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def test_a_wait_would_be_seen(said: dict[str, Any]) -> None:
    assert said["seen"] == ["_local_scalar_dense", "_to_copy"]


def test_no_probe_waits_for_the_device(said: dict[str, Any]) -> None:
    assert said["waits"] == []
    assert said["log"] == []


def test_every_probe_measured_there(said: dict[str, Any]) -> None:
    assert set(said["quantities"]) >= EXPECTED
    assert said["histograms"] == ["grad_magnitudes", "weight_magnitudes"]
    assert said["norms"] == pytest.approx(said["true"], rel=1e-5)


def test_values_of_a_step_are_copied_at_once(said: dict[str, Any]) -> None:
    """One copy for all series of a step, one for each kind of histogram."""
    assert said["copies"] <= 1 + 1 + 0.2


@contextmanager
def waits_refused() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def _adam(model: nn.Module) -> Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=torch.tensor(1e-3, device="cuda"), capturable=True)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("make", [_adam, lambda model: torch.optim.SGD(model.parameters(), lr=1e-3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cuda_is_never_waited_for(make: Callable[[nn.Module], Optimizer], dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(90, 60), nn.ReLU(), nn.LayerNorm(60), nn.Linear(60, 1)).to("cuda", dtype)
    x = torch.ones(8, 90, device="cuda", dtype=dtype)
    optimizer = make(model)
    records: list[Record] = []
    recorder = Recorder(model, records.append, budget=None)
    recorder.attach()

    def step(number: int) -> None:
        recorder.begin_step(number)
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        recorder.end_step(number, 0.0, loss.detach())

    try:
        step(0)  # torch's own set-up may wait
        with waits_refused():
            for number in range(1, 40):
                step(number)
    finally:
        recorder.detach()
    assert [one.text for one in records if isinstance(one, LogLine)] == []
    assert [one.step for one in records if isinstance(one, StepRecord)] == list(range(40))
    declared = {key.quantity for one in records if isinstance(one, SeriesDeclared) for key in one.keys}
    assert declared >= EXPECTED
    assert {one.quantity for one in records if isinstance(one, HistogramsMeasured)} == {
        "grad_magnitudes",
        "weight_magnitudes",
    }
