"""What is measured on two ranks: each its own gradient, both the one that is used, and no rank waits for the other."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from two_ranks import Rank, run_two_ranks

RELATIVE = 1e-6

LOCAL_AND_REDUCED = """
import contextlib
import moduleview
from torch.nn.parallel import DistributedDataParallel

net = nn.Linear(2, 1, bias=False)
model = DistributedDataParallel(net)
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
x = torch.ones(1, 2) * (rank + 1)
naive = []
net.weight.register_post_accumulate_grad_hook(lambda p: naive.append(p.grad.double().norm().item()))
w = moduleview.watch(model, optimizer)
w.set_hook("module.weight", "tensor")
w.set_hook("module", "forward")
for n_micro in (1, 3):
    optimizer.zero_grad()
    for micro in range(n_micro):
        with contextlib.nullcontext() if micro == n_micro - 1 else model.no_sync():
            model(x).sum().backward()
    optimizer.step()
w.detach()
names = ("micro_grad_norm", "local_grad_norm", "reduced_grad_norm", "grad_norm", "tensor.max", "forward.mean")
say({
    "naive": naive,
    **{name: {key.part: w.series(name, key)[1].tolist() for key in w.keys(name)} for name in names},
    "scopes": {name: sorted({str(w.store.traits(key).scope) for key in w.keys(name)}) for name in names[:4]},
    "ranks": sorted({key.rank for name in names for key in w.keys(name)}),
    "log": w.log,
})
"""


def all_right(ranks: list[Rank]) -> None:
    assert [rank.code for rank in ranks] == [0, 0], "\n".join(rank.errors for rank in ranks)


def test_a_gradient_is_local_in_hooks_and_the_average_at_the_optimizer(tmp_path: Path) -> None:
    """Fault row 17: a hook's gradient differs on each rank, and is not the one that is used."""
    ranks = run_two_ranks(LOCAL_AND_REDUCED, tmp_path)
    all_right(ranks)
    for number, rank in enumerate(ranks):
        said, one = rank.said, math.sqrt(2) * (number + 1)  # 1.41 and 2.83
        assert said["naive"] == pytest.approx([one, one, 2 * one, 3 * one], rel=RELATIVE)
        assert said["tensor.max"][""] == [number + 1.0] * 2
        assert said["local_grad_norm"][""] == pytest.approx([one, 3 * one], rel=RELATIVE)
        assert said["micro_grad_norm"][""] == pytest.approx([one, one], rel=RELATIVE)
        both = [1.5 * math.sqrt(2), 4.5 * math.sqrt(2)]  # 2.12 on both, and three times that
        assert said["reduced_grad_norm"][""] == pytest.approx(both, rel=RELATIVE)
        assert said["grad_norm"][""] == pytest.approx(both, rel=RELATIVE)
        assert len(said["forward.mean"]) == 3
        assert said["scopes"] == {
            "micro_grad_norm": ["local"],
            "local_grad_norm": ["local"],
            "reduced_grad_norm": ["global"],
            "grad_norm": ["global"],
        }
        assert said["ranks"] == [number]
        assert said["log"] == []


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
import moduleview

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

optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
w = moduleview.watch(model, optimizer)
w.set_hook("0.weight", "tensor")
for kind in ("forward_pre", "forward", "backward", "backward_pre"):
    w.set_hook(("0", "1"), kind)
for _ in range(2):
    if rank == 1:
        w.set_hook("1", "forward", enabled=False)  # ranks are ticked one by one
    optimizer.zero_grad()
    model(inputs(rank)).square().sum().backward()
    optimizer.step()

by_hand = [make() for _ in range(2)]
for number, net in enumerate(by_hand):
    net(inputs(number)).square().sum().backward()
true = [(a.grad + b.grad).norm().item() / 2 for a, b in zip(by_hand[0].parameters(), by_hand[1].parameters())]
say({
    "collective": outcome,
    "part as if whole": parts.norm().item(),
    "fired": fired,
    "true": true,
    "shards": [w.series("grad_norm", fqn)[1].tolist() or [0.0, 0.0] for fqn in ("0.weight", "1.weight")],
    "scopes": sorted({str(w.store.traits(key).scope) for key in w.keys("grad_norm")}),
    "weights": [(w.series("weight_norm", fqn)[1].tolist() or [0.0])[0] for fqn in ("0.weight", "1.weight")],
    "true weights": [p.detach().norm().item() for p in by_hand[0].parameters()],
    "forward": len(w.series("forward.mean", "1")[0]),
    "backward": len(w.series("backward.mean", "1")[0]),
    "log": w.log,
    "reasons": {f"{fqn} {kind}": entry.reason for (fqn, kind), entry in w.store.hooks.items()},
})
w.detach()
"""


def test_a_sharded_model_is_watched_without_a_collective(tmp_path: Path) -> None:
    """Fault row 19: a statistic of a sharded tensor waits for all ranks, and hooks on parameters are lost or silent.

    The second weight has one row, so that one rank holds nothing of it.
    """
    ranks = run_two_ranks(SHARDED, tmp_path)
    all_right(ranks)
    first, second = (rank.said for rank in ranks)
    assert first["collective"] == "waited in vain"
    assert first["part as if whole"] == pytest.approx(math.sqrt(2)), "of a tensor whose norm is 2"
    assert (first["forward"], second["forward"]) == (2, 0)
    for said in (first, second):
        assert said["fired"] == ["DTensor"] * 2
        assert said["backward"] == 2
        assert said["log"] == []
        assert said["scopes"] == ["shard"]
        assert "never calls a tensor hook" in said["reasons"]["0.weight tensor"]
        assert "sharded" in said["reasons"]["0 backward_pre"]
        assert said["reasons"]["0 backward"] == ""
    shards = zip(first["shards"], second["shards"], strict=True)
    combined = [[math.hypot(a, b) for a, b in zip(*of_one, strict=True)] for of_one in shards]
    assert combined == [pytest.approx([true] * 2, rel=RELATIVE) for true in first["true"]]
    weights = [math.hypot(a, b) for a, b in zip(first["weights"], second["weights"], strict=True)]
    assert weights == pytest.approx(first["true weights"], rel=RELATIVE)
