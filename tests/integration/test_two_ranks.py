"""What is measured on two ranks: each its own gradient, both the one that is used, and no rank waits for the other."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from two_ranks import Rank, run_two_ranks

RELATIVE = 1e-6

LOCAL_AND_REDUCED = """
from torch.nn.parallel import DistributedDataParallel
from watched_run import WatchedRun
from moduleview.telemetry.hooks import HookKind

net = nn.Linear(2, 1, bias=False)
model = DistributedDataParallel(net)
x = torch.ones(1, 2) * (rank + 1)
naive = []
net.weight.register_post_accumulate_grad_hook(lambda p: naive.append(p.grad.double().norm().item()))
run = WatchedRun(model, lr=0.0)
run.tick(HookKind.TENSOR, "module.weight")
run.tick(HookKind.FORWARD, "module")
run.step(lambda: model(x).sum())
say({
    "naive": naive,
    "tensor": list(run.values("tensor.max").values()),
    "used": list(run.values("grad_norm").values()),
    "names": [fqn for fqn, _ in run.values("grad_norm")],
    "forward": len(run.values("forward.mean")),
})
run.recorder.detach()
"""


def all_right(ranks: list[Rank]) -> None:
    for rank in ranks:
        assert rank.code == 0, rank.errors


def test_a_gradient_is_local_in_hooks_and_the_average_at_the_optimizer(tmp_path: Path) -> None:
    """Fault row 17: a hook's gradient differs on each rank, and is not the one that is used."""
    ranks = run_two_ranks(LOCAL_AND_REDUCED, tmp_path)
    all_right(ranks)
    for number, rank in enumerate(ranks):
        assert rank.said["naive"] == pytest.approx([math.sqrt(2) * (number + 1)], rel=RELATIVE)
        assert rank.said["tensor"] == [number + 1.0]
        assert rank.said["used"] == pytest.approx([1.5 * math.sqrt(2)], rel=RELATIVE)
        assert rank.said["forward"] == 1


ERROR_ON_ONE = """
import contextlib
from failing_operations import FailingOperations
from torch.nn.parallel import DistributedDataParallel
from watched_run import WatchedRun
from moduleview.telemetry.hooks import HookKind, HookStatus

def fail(*_):
    raise ZeroDivisionError("on this rank alone")

impatient = dist.new_group(timeout=datetime.timedelta(seconds=2))
naive = DistributedDataParallel(nn.Linear(2, 1, bias=False), process_group=impatient)
if rank == 1:
    naive.module.weight.register_hook(fail)
loss = naive(torch.ones(1, 2)).sum()
try:
    loss.backward()
    outcome = "finished"
except ZeroDivisionError:
    outcome = "raised"
except RuntimeError:
    outcome = "waited in vain"

dist.barrier()
model = DistributedDataParallel(nn.Linear(2, 1, bias=False))
run = WatchedRun(model, lr=0.0)
run.tick(HookKind.TENSOR, "module.weight")
run.tick(HookKind.FORWARD, "module")
run.tick(HookKind.BACKWARD, "module")
with FailingOperations(ZeroDivisionError) if rank == 1 else contextlib.nullcontext():
    run.step(lambda: model(torch.ones(1, 2) * (rank + 1)).sum())
run.step(lambda: model(torch.ones(1, 2) * (rank + 1)).sum())
say({
    "naive": outcome,
    "failed": sum(entry.status is HookStatus.FAILED for entry in run.entries()),
    "used": list(run.values("grad_norm").values()),
    "tensor": len(run.values("tensor.max")),
})
run.recorder.detach()
"""


def test_a_hook_that_raises_on_one_rank_hangs_the_other_and_ours_does_not(tmp_path: Path) -> None:
    """Fault row 18."""
    ranks = run_two_ranks(ERROR_ON_ONE, tmp_path)
    all_right(ranks)
    healthy, broken = (rank.said for rank in ranks)
    assert (healthy["naive"], broken["naive"]) == ("waited in vain", "raised")
    assert (healthy["failed"], broken["failed"]) == (0, 3)
    assert (healthy["tensor"], broken["tensor"]) == (1, 0)
    assert healthy["used"] == broken["used"] == pytest.approx([1.5 * math.sqrt(2)], rel=RELATIVE)


SHARDED = """
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Shard
from watched_run import WatchedRun
from moduleview.telemetry.hooks import HookKind

impatient = DeviceMesh.from_group(dist.new_group(timeout=datetime.timedelta(seconds=2)), "cpu")
parts = DTensor.from_local(torch.ones(2), impatient, [Shard(0)], run_check=False)
outcome = ""
if rank == 0:
    try:
        parts.norm().full_tensor()
    except RuntimeError:
        outcome = "waited in vain"
dist.barrier()

def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6, bias=False), nn.Linear(6, 1, bias=False)).double()

def inputs(rank):
    return torch.arange(4, dtype=torch.float64)[None] + rank

model, fired = make(), []
model[0].weight.register_hook(lambda gradient: fired.append("before sharding"))
for layer in (*model, model):
    fully_shard(layer)
model[0].weight.register_hook(lambda gradient: fired.append("tensor"))
model[0].weight.register_post_accumulate_grad_hook(lambda p: fired.append(type(p.grad).__name__))

run = WatchedRun(model, lr=0.0)
run.tick(HookKind.TENSOR, "0.weight")
for kind in (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD, HookKind.BACKWARD_PRE):
    run.tick(kind, "0", "1")
for _ in range(2):
    if rank == 1:
        run.tick(HookKind.FORWARD, "1", enabled=False)  # ranks are ticked one by one
    run.step(lambda: model(inputs(rank)).square().sum())

by_hand = [make() for _ in range(2)]
for number, net in enumerate(by_hand):
    net(inputs(number)).square().sum().backward()
true = [(a.grad + b.grad).norm().item() / 2 for a, b in zip(by_hand[0].parameters(), by_hand[1].parameters())]
say({
    "collective": outcome,
    "part as if whole": parts.norm().item(),
    "fired": fired,
    "true": true,
    "local": [p.grad.to_local().norm().item() for p in model.parameters()],
    "forward": len(run.values("forward.mean")),
    "backward": len(run.values("backward.mean")),
    "log": run.log(),
    "reasons": {f"{entry.fqn} {entry.kind}": entry.reason for entry in run.entries()},
})
run.recorder.detach()
"""


def test_a_sharded_model_is_watched_without_a_collective(tmp_path: Path) -> None:
    """Fault row 19: a statistic of a sharded tensor waits for all ranks, and hooks on parameters are lost or silent."""
    ranks = run_two_ranks(SHARDED, tmp_path)
    all_right(ranks)
    first, second = (rank.said for rank in ranks)
    assert first["collective"] == "waited in vain"
    assert first["part as if whole"] == pytest.approx(math.sqrt(2)), "of a tensor whose norm is 2"
    assert (first["forward"], second["forward"]) == (2, 1)
    for said in (first, second):
        assert said["fired"] == ["DTensor"] * 2
        assert said["backward"] == 2
        assert said["log"] == []
        assert "never calls a tensor hook" in said["reasons"]["0.weight tensor"]
        assert "sharded" in said["reasons"]["0 backward_pre"]
        assert said["reasons"]["0 backward"] == ""
    combined = [math.hypot(a, b) for a, b in zip(first["local"], second["local"], strict=True)]
    assert combined == pytest.approx(first["true"], rel=RELATIVE)
