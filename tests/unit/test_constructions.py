"""Where a script makes its layers and its optimizer: findings name that line, and show it with the change in it."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torchs_module
from torch.utils.data import DataLoader

from moduleview.engine.checking import check_task
from moduleview.engine.opening import open_target
from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.optimizer_code import OptimizerCode
from moduleview.telemetry.records import Finding

HEAD = """
import torch
from torch import nn
from moduleview import TrainingTask

net = nn.Sequential(
    nn.Linear(4, 4),
    nn.Sequential(
        nn.ReLU(),
        nn.Linear(4, 4),
    ),
)
"""
TAIL = """
task = TrainingTask(net, optimizer, [(torch.randn(6, 4), torch.randn(6, 4))], nn.functional.mse_loss)
"""
TRAINER = """
class Trainer:
    def __init__(self):
        self.model = net
        self.optimizer = torch.optim.Adam(self.model[0].parameters(), lr=1e-4)

optimizer = Trainer().optimizer
"""
OWN = """
class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    def step(self):
        pass

optimizer = Lion(net[0].parameters())
"""


def found(folder: Path, made: str, check: str, *, n_steps: int = 3) -> tuple[Finding, str]:
    """The finding of a script, and what stands in the line that it names."""
    path = folder / "train.py"
    path.write_text(HEAD + made + TAIL)
    findings, _, failure = check_task(open_target(str(path)), n_steps)
    assert failure is None
    (finding,) = (finding for finding in findings if finding.id == check)
    file, _, line = finding.source.rpartition(":")
    assert file == str(path)
    return finding, path.read_text().splitlines()[int(line) - 1].strip()


@pytest.mark.parametrize(
    ("made", "first_line"),
    [
        (
            "optimizer = torch.optim.SGD(net[0].parameters(), lr=0.1,\n    momentum=0.9)",
            "optimizer = torch.optim.SGD([*net[0].parameters(), *net[1].parameters()], lr=0.1, momentum=0.9)",
        ),
        (
            "optimizer = torch.optim.SGD([{'params': net[0].parameters()}], lr=0.1)",
            "optimizer = torch.optim.SGD([{'params': net[0].parameters()}, {'params': net[1].parameters()}], lr=0.1)",
        ),
        (
            "parameters = [*net[0].parameters(), net[1][1].weight]\noptimizer = torch.optim.AdamW(params=parameters)",
            "optimizer = torch.optim.AdamW(params=[*parameters, net[1][1].bias])",
        ),
        (
            TRAINER,
            "self.optimizer = torch.optim.Adam([*self.model[0].parameters(), *self.model[1].parameters()], lr=0.0001)",
        ),
        (OWN, "optimizer = Lion([*net[0].parameters(), *net[1].parameters()])"),
    ],
    ids=["parameters", "groups", "keyword", "attribute of self", "own class"],
)
def test_what_is_left_out_is_put_into_the_line_that_makes_the_optimizer(
    made: str, first_line: str, tmp_path: Path
) -> None:
    finding, line = found(tmp_path, made, "S3")
    assert finding.fix.splitlines()[0] == first_line
    assert line.startswith(("nn.Sequential(", "nn.Linear("))  # that is what was left out


def test_the_wrong_parameters_are_taken_out_of_the_line_that_makes_the_optimizer(tmp_path: Path) -> None:
    made = "net[0].requires_grad_(False)\nnet[1][1].bias.requires_grad_(False)\n"
    finding, line = found(tmp_path, f"{made}optimizer = torch.optim.SGD(net.parameters(), lr=0.1)", "S4")
    assert line == "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"
    assert finding.fix == "optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)"


def test_a_stale_optimizer_is_made_by_the_same_line_later(tmp_path: Path) -> None:
    made = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\nnet[0] = nn.Linear(4, 4)"
    finding, line = found(tmp_path, made, "S17", n_steps=0)
    assert finding.fix.splitlines()[1] == line == "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"


def test_a_short_last_batch_is_dropped_by_the_line_that_makes_the_data_loader(tmp_path: Path) -> None:
    made = """
net.append(nn.BatchNorm1d(4))
from torch.utils.data import DataLoader, TensorDataset
rows = TensorDataset(torch.randn(5, 4), torch.randn(5, 4))
loader = DataLoader(rows, batch_size=2, shuffle=True)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
def step():
    for x, y in loader:
        try:
            net(x)
        except ValueError:
            pass
    return 0.0
"""
    tail = "task = TrainingTask(net, optimizer, step=step)"
    path = tmp_path / "train.py"
    path.write_text(HEAD + made + tail)
    findings, _, _ = check_task(open_target(str(path)), 1)
    (finding,) = (finding for finding in findings if finding.id == "S12")
    assert finding.fix.splitlines() == [
        "loader = DataLoader(rows, batch_size=2, shuffle=True, drop_last=True)",
        "# or:",
        "model[2] = nn.GroupNorm(1, 4)",
    ]


def test_what_was_not_seen_is_made_up_from_the_options() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    code = OptimizerCode(CheckedRun(model), torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9))
    assert code.over() == "optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)"


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_behind(fails: bool) -> None:
    before = torch.optim.Optimizer.__init__, DataLoader.__init__

    def make() -> nn.Module:
        assert torch.optim.Optimizer.__init__ is not before[0]
        if fails:
            raise ValueError
        return nn.Linear(2, 2)

    if fails:
        with pytest.raises(ValueError):  # noqa: PT011
            open_target(make)
    else:
        open_target(make)
    assert (torch.optim.Optimizer.__init__, DataLoader.__init__) == before
    assert not torchs_module._global_parameter_registration_hooks
    assert not torchs_module._global_module_registration_hooks


def test_what_was_made_is_not_kept_alive() -> None:
    kept: list[weakref.ref[nn.Module]] = []

    def make() -> nn.Module:
        kept.append(weakref.ref(nn.Linear(2, 2)))
        return nn.Linear(2, 2)

    task = open_target(make)
    gc.collect()
    assert kept[0]() is None
    assert task.constructions.of(task.model) is not None
    assert "Constructions" not in repr(task)
