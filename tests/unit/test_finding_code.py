"""The line that a finding names, and the corrected code that it shows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.checking import check, check_task
from moduleview.introspect import persons_code
from moduleview.telemetry.records import Finding

X, Y = torch.randn(6, 4), torch.randn(6, 4)


class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 4), "b": nn.Linear(4, 4)})
        self.tail = nn.ModuleList([nn.Linear(4, 4)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.heads["b"](self.body(x))


class Late(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = None
        self.tables = None
        self.layers = [nn.Linear(4, 4)]
        self.tables = {"sine": torch.ones(2), "cosine": torch.zeros(2)}


class Waiting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.extra = nn.LazyLinear(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


class Positions(nn.Embedding):
    """Gets its weight from torch's own class."""


def seen(model: nn.Module) -> dict[str, Finding]:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    findings, _, _ = check_task(TrainingTask(model, optimizer, [(X, Y)], nn.functional.mse_loss), 3)
    return {f"{finding.id} {finding.fqn}": finding for finding in findings}


def line_of(finding: Finding) -> str:
    file, _, line = finding.source.rpartition(":")
    return Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip()


def test_a_part_of_a_dict_or_list_is_called_as_it_is_reached() -> None:
    found = seen(Heads())
    assert found["S7 heads.a"].fix.splitlines()[-1] == "x = self.heads['a'](x)"
    assert found["S7 tail"].fix.splitlines()[1:] == ["for part in self.tail:", "    x = part(x)"]


def test_the_assignment_that_made_it_is_named_and_not_the_one_that_made_room() -> None:
    found = {finding.id: finding for finding in check(Late())}
    assert line_of(found["S1"]) == "self.layers = [nn.Linear(4, 4)]"
    assert found["S1"].fix == "self.layers = nn.ModuleList([nn.Linear(4, 4)])"


def test_each_tensor_of_a_dict_becomes_a_buffer() -> None:
    model = Late()
    (finding,) = (finding for finding in check(model) if finding.id == "S2")
    exec(finding.fix, {"self": model, "torch": torch})
    assert [name for name, _ in model.named_buffers()] == ["tables_sine", "tables_cosine"]


def test_what_never_ran_is_called_and_not_run_once() -> None:
    finding = seen(Waiting())["S6 extra"]
    assert finding.advice == "Call the module in forward, or remove it."
    assert finding.fix == "# in Waiting.forward:\nx = self.extra(x)"
    ast.parse(finding.fix)


class Ended(nn.Module):
    """Its forward ends the gradient in one of several ways."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 4), nn.Linear(4, 4)


class Guarded(Ended):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x = self.encoder(x)
        return self.head(x)


class Decorated(Ended):
    @torch.no_grad()
    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encode(x))


class Detached(Ended):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.encoder(x).relu().detach()
        return self.head(x)


class Data(Ended):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(x).data)


@pytest.mark.parametrize(
    ("cls", "code"),
    [
        (Guarded, "x = self.encoder(x)"),
        (Decorated, "def encode(self, x: torch.Tensor) -> torch.Tensor:\n    return self.encoder(x)"),
        (Detached, "x = self.encoder(x).relu()"),
        (Data, "return self.head(self.encoder(x))"),
    ],
)
def test_what_ends_the_gradient_is_left_out(cls: type[nn.Module], code: str) -> None:
    finding = seen(cls())["S8 encoder"]
    assert finding.fix == f"{code}\n# or, where it is not to learn:\nmodel.encoder.requires_grad_(False)"
    assert any(word in line_of(finding) for word in ("no_grad", "detach", "data"))


class Sized(nn.Module):
    """Builds a layer from what only forward knows."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layer = nn.Linear(x.shape[-1], 4)
        return layer(self.body(x))


def test_a_layer_built_in_forward_is_made_in_init_with_the_numbers_that_it_had() -> None:
    assert seen(Sized())["S7 "].fix.splitlines() == [
        "# in __init__:",
        "self.linear_layer = nn.Linear(in_features=4, out_features=4, bias=True)",
        "# in forward:",
        "layer = self.linear_layer",
    ]


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pairs = [(nn.Linear(2, 2), 3), (nn.Linear(2, 2), 4)]
        self.numbered = {n: nn.Linear(2, 2) for n in range(2)}


def test_modules_in_nested_containers_are_registered_beside_them() -> None:
    fixes = [finding.fix for finding in check(Nested())]
    assert fixes == [
        "self.pairs_modules = nn.ModuleList([self.pairs[0][0], self.pairs[1][0]])  # beside it: registers them",
        "self.numbered = nn.ModuleDict({str(key): part "
        "for key, part in {n: nn.Linear(2, 2) for n in range(2)}.items()})",
    ]
    model = Nested()
    for fix in fixes:
        exec(fix, {"self": model, "nn": nn})
    assert len(list(model.parameters())) == 8


def test_no_line_of_torch_is_named() -> None:
    model = Positions(3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.weight.requires_grad_(False)
    (finding,) = check(model, optimizer)
    assert finding.id == "S4"
    assert "/torch/" not in finding.source


def test_samples_stand_for_a_persons_code_inside_of_the_installed_package() -> None:
    package = Path(persons_code.__file__).parents[1]
    assert persons_code.is_persons(str(package / "_resources" / "samples" / "digits.py"))
    assert not persons_code.is_persons(persons_code.__file__)
    assert not persons_code.is_persons(torch.__file__)
