"""What can end a process, or fork it: each in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

STALE_VIEW = """
import json, resource, sys
import torch
from torch import nn
import moduleview

class Inner(nn.Module):
    def forward(self, x):
        y = (x * 2.0)[:, :3]  # of a part, so that no hook can go on its base
        y[:, 0].add_(1.0)  # and its graph has moved on
        return y

model = nn.Sequential(nn.Linear(4, 4), Inner())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
if sys.argv[1] == "naive":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody wants to look at it
    def hook(module, args, output):
        output.register_hook(lambda gradient: None)
    model[1].register_forward_hook(hook)
    model(torch.randn(3, 4)).sum().backward()
    print(json.dumps("survived"))
else:
    with moduleview.watch(model, optimizer) as w:
        w.set_hook("1", "backward")
        model(torch.randn(3, 4)).sum().backward()
        optimizer.step()
        print(json.dumps(w.series("backward.mean", "1")[1].tolist()))
"""

FORKED = """
import json, os
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
import moduleview

model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
reader, writer = os.pipe()
model.register_forward_hook(lambda *_: os.write(writer, f"{os.getpid()}\\n".encode()) and None)
w = moduleview.watch(model, optimizer)
for kind in ("forward_pre", "forward", "backward"):
    w.set_hook("", kind)
w.set_hook("bias", "tensor")

def said():
    return [w.n_steps, len(w.series("grad_norm", "bias")[0]), len(w.series("forward.mean")[0]),
            sum(entry.n_fires for entry in w.store.hooks.values()), len(w.store.log)]

def step():
    optimizer.zero_grad()
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()

class Scored(Dataset):
    \"\"\"Asks the model in a worker, as some samplers do.\"\"\"
    def __len__(self):
        return 4
    def __getitem__(self, index):
        with torch.no_grad():
            return model(torch.ones(1, 3)).squeeze()

step()
optimizer.zero_grad()
loss = model(torch.ones(2, 3)).sum()  # a step is on its way
before = said()
child = os.fork()
if child == 0:
    for _ in range(3):
        step()
    os._exit(0 if said() == before else 7)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
scores = [score for score in DataLoader(Scored(), batch_size=2, num_workers=1, multiprocessing_context="fork")]
unchanged = said() == before
loss.backward()
optimizer.step()
after = said()
w.detach()
os.close(writer)
with os.fdopen(reader) as file:
    pids = {int(line) for line in file}
print(json.dumps([code, len(scores), unchanged, len(pids), after[:3]]))
"""


def run(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process that must end within a minute."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(script), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_hook_on_a_stale_view_is_a_segmentation_fault_and_ours_reads_its_graph_first(tmp_path: Path) -> None:
    """Fault row 3: pytorch #196459."""
    naive = run(STALE_VIEW, tmp_path, "naive")
    assert naive.returncode == -signal.SIGSEGV, "torch has mended it: then grad_fn need not be read first"
    ours = run(STALE_VIEW, tmp_path, "ours")
    assert ours.returncode == 0, ours.stderr
    assert json.loads(ours.stdout) == [1.0]


def test_children_that_the_user_forks_measure_nothing(tmp_path: Path) -> None:
    """Fault row 45: a naive hook that they inherit writes on, from three processes."""
    done = run(FORKED, tmp_path)
    assert done.returncode == 0, done.stderr
    code, n_batches, unchanged, n_pids, after = json.loads(done.stdout)
    assert (code, n_batches, n_pids) == (0, 2, 3)
    assert unchanged
    assert after == [2, 2, 2]
