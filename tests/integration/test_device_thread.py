"""Fault row 33: hooks that autograd calls in a device's own thread, as on CUDA."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, sys, threading

made = []  # locks and thread-locals, with the file that asked for them

def noting(make):
    def noted(*args, **kwargs):
        one = make(*args, **kwargs)
        made.append((sys._getframe(1).f_code.co_filename, one))
        return one
    return noted

real_lock, real_local = threading.Lock, threading.local
import torch
from torch import nn

class NotedLocal(real_local):
    def __new__(cls, *args, **kwargs):
        made.append((sys._getframe(1).f_code.co_filename, one := super().__new__(cls)))
        return one

threading.Lock, threading.RLock, threading.local = noting(threading.Lock), noting(threading.RLock), NotedLocal
from fake_device import on_cpu, on_device
from watched_run import WatchedRun
from moduleview.telemetry.hooks import HookKind

def linear(n_in, n_out):
    module = nn.Linear(n_in, n_out)
    module.weight = nn.Parameter(on_device(torch.full((n_out, n_in), 0.5)))
    module.bias = nn.Parameter(on_device(torch.zeros(n_out)))
    return module

model = nn.Sequential(linear(3, 3), linear(3, 1))
x = on_device(torch.full((2, 3), 2.0))
said = {}

# the naive way: a lock around the step, which the hook takes too, and a thread-local
lock, local = real_lock(), real_local()
local.run = "this one"
def naive(gradient):
    said["naive thread"] = threading.current_thread() is threading.main_thread()
    said["naive got the lock"] = lock.acquire(timeout=0.2)
    said["naive thread-local"] = hasattr(local, "run")
handle = model[1].weight.register_hook(naive)
with lock:
    model(x).sum().backward()
handle.remove()

run = WatchedRun(model, lr=0.0)
for kind in (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD, HookKind.BACKWARD_PRE):
    run.tick(kind, "1")
run.tick(HookKind.TENSOR, "1.weight")
threads = set()
model[1].bias.register_hook(lambda gradient: threads.add(threading.current_thread().name) or None)
ours = [one for path, one in made if "/moduleview/hooks/" in path or "/moduleview/probes/" in path]
said["thread-locals"] = sum(isinstance(one, real_local) for one in ours)
locks = [one for one in ours if not isinstance(one, real_local)]

def loss():
    for one in locks:
        one.acquire()
    return model(x).sum()

for _ in range(2):
    run.step(loss)
    for one in locks:
        one.release()
kinds = ("forward_pre", "forward", "backward", "backward_pre", "tensor")
said["means"] = {kind: list(run.values(f"{kind}.mean").values()) for kind in kinds}
said["gradient"] = run.values("grad_norm").get(("1.weight", ""))
said["true"] = on_cpu(model[1].weight.grad).double().norm().item()
said["threads"] = sorted(threads)
said["statuses"] = sorted({str(entry.status) for entry in run.entries()})
said["log"] = run.log()
run.recorder.detach()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process said that trains on the fake device; it must end within a minute."""
    script = tmp_path_factory.mktemp("device") / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(here), str(here.parent / "unit"), os.environ.get("PYTHONPATH", "")]),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def test_hook_with_a_lock_of_the_step_would_wait_for_ever_in_a_devices_thread(said: dict[str, Any]) -> None:
    assert said["naive thread"] is False
    assert said["naive got the lock"] is False
    assert said["naive thread-local"] is False


def test_ours_measures_there_with_every_lock_held_and_without_a_thread_local(said: dict[str, Any]) -> None:
    assert said["thread-locals"] == 0
    assert len(said["threads"]) == 1
    assert said["threads"] != ["MainThread"]
    assert said["means"] == {
        "forward_pre": [3.0],
        "forward": [4.5],
        "backward": [1.0],
        "backward_pre": [1.0],
        "tensor": [6.0],
    }
    assert said["statuses"] == ["active"]
    assert said["log"] == []
    assert said["gradient"] == pytest.approx(said["true"], rel=1e-6)
