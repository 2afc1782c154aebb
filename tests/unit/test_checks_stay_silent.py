"""Usual ways to train that look like faults, and are none; and the same with the fault."""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from moduleview import TrainingTask
from moduleview.engine.checked_steps import CheckedSteps
from moduleview.engine.checking import check, check_task
from moduleview.engine.training_step import TrainingStep
from moduleview.introspect.structure_checks.tied_parameters import TiedParameters
from moduleview.telemetry.records import Finding, FindingsReported, Record, Severity

X, Y = torch.randn(6, 4), torch.randn(6, 4)


def faults(task: TrainingTask, n_steps: int = 3) -> list[Finding]:
    findings, seen, failure = check_task(task, n_steps)
    assert failure is None
    assert seen.n_steps == n_steps
    return [finding for finding in findings if finding.severity is not Severity.INFORMATION]


def usual(model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> TrainingTask:
    trained = [p for p in model.parameters() if p.requires_grad]
    return TrainingTask(model, optimizer or torch.optim.SGD(trained, lr=1e-3), [(X, Y)], nn.functional.mse_loss)


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))


class Calls(nn.Module):
    """Its parts, and a forward that is given."""

    def __init__(self, use: Callable[..., torch.Tensor], **parts: nn.Module) -> None:
        super().__init__()
        self.parts = list(parts)
        for name, part in parts.items():
            setattr(self, name, part)
        self.use = use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self, x)


class Gan:
    """Two optimizers that step in turn, one of them in every other step only."""

    def __init__(self) -> None:
        self.model = nn.ModuleDict({"generator": net(), "critic": net()})
        self.generator = torch.optim.Adam(self.model["generator"].parameters())
        self.critic = torch.optim.Adam(self.model["critic"].parameters())
        self.n_steps = 0

    def step(self) -> torch.Tensor:
        self.critic.zero_grad()
        loss = self.model["critic"](self.model["generator"](X).detach()).mean() - self.model["critic"](Y).mean()
        loss.backward()
        self.critic.step()
        if self.n_steps % 2 == 0:
            self.model["critic"].requires_grad_(False)
            self.generator.zero_grad()
            (-self.model["critic"](self.model["generator"](X)).mean()).backward()
            self.generator.step()
            self.model["critic"].requires_grad_(True)
        self.n_steps += 1
        return loss.detach()


def test_a_gan_with_two_optimizers_that_step_in_turn() -> None:
    gan = Gan()
    assert not faults(TrainingTask(gan.model, step=gan.step), 4)
    assert not faults(TrainingTask(gan.model, gan.critic, step=gan.step), 4)


def test_an_optimizer_that_no_one_named_is_found_but_what_none_holds_is_a_fault() -> None:
    gan = Gan()
    gan.model["extra"] = nn.Linear(4, 4)

    def step() -> torch.Tensor:
        gan.model["extra"](X).mean().backward()
        return gan.step()

    assert {(f.id, f.fqn) for f in faults(TrainingTask(gan.model, step=step))} == {("S3", "extra")}


def test_what_is_left_out_is_judged_by_the_gradients_that_the_optimizer_finds() -> None:
    """``zero_grad`` may have taken them when the step is over."""
    model = net()
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)

    def step() -> torch.Tensor:
        loss = nn.functional.mse_loss(model(X), Y)
        loss.backward()
        optimizer.step()
        model.zero_grad()
        return loss.detach()

    assert {(f.id, f.fqn) for f in faults(TrainingTask(model, optimizer, step=step))} == {("S3", "0")}


class Dqn:
    """A net, the target that it is compared with, and an average: both of them synced once in a hundred steps."""

    def __init__(self, calls_target: bool) -> None:
        self.policy = net()
        self.model = nn.ModuleDict({"policy": self.policy, "target": copy.deepcopy(self.policy)})
        self.optimizer = torch.optim.Adam(self.policy.parameters())
        self.calls_target = calls_target

    def step(self) -> torch.Tensor:
        with torch.no_grad():
            aim = self.model["target"](X) if self.calls_target else Y
        loss = nn.functional.mse_loss(self.policy(X), aim)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()


@pytest.mark.parametrize("calls_target", [True, False], ids=["target", "average"])
def test_a_copy_that_is_synced_now_and_then_is_information(calls_target: bool) -> None:
    dqn = Dqn(calls_target)
    findings, _, _ = check_task(TrainingTask(dqn.model, dqn.optimizer, step=dqn.step), 3)
    assert {finding.fqn for finding in findings} == {"target"}
    assert {finding.severity for finding in findings} == {Severity.INFORMATION}


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.forgotten = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x)


def test_a_layer_forgotten_in_each_block_of_a_list_is_one_fault() -> None:
    model = Calls(_chain, blocks=nn.ModuleList([Block() for _ in range(3)]))
    (finding,) = faults(usual(model))
    assert (finding.id, finding.fqn) == ("S7", "blocks.0.forgotten")
    assert "blocks.2.forgotten" in finding.evidence
    assert finding.fix == "# in Block.forward:\nx = self.forgotten(x)"


def _chain(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    for block in model.blocks:  # type: ignore[union-attr]
        x = block(x)
    return x


def test_a_teacher_that_is_moved_by_hand() -> None:
    student, teacher = net(), net()
    model = nn.ModuleDict({"student": student, "teacher": teacher})  # requires_grad was forgotten: it moves, though
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-2)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        with torch.no_grad():
            target = teacher(X)
        loss = nn.functional.mse_loss(student(X), target)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for mean, new in zip(teacher.parameters(), student.parameters(), strict=True):
                mean.lerp_(new, 0.1)
        return loss.detach()

    assert not faults(TrainingTask(model, optimizer, step=step))


def test_an_optimizer_with_a_closure_makes_its_gradients_within_the_step() -> None:
    model = net()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), Y)
        loss.backward()
        return loss

    assert not faults(TrainingTask(model, optimizer, step=lambda: optimizer.step(closure).detach()))


def test_experts_that_were_not_chosen_are_information() -> None:
    def route(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model.experts[0](x)

    model = Calls(route, experts=nn.ModuleList([net() for _ in range(4)]))
    findings, _, _ = check_task(usual(model), 3)
    assert {(f.id, f.severity) for f in findings if f.id == "S7"} == {("S7", Severity.INFORMATION)}
    assert not [f for f in findings if f.severity is not Severity.INFORMATION]


def test_a_whole_list_that_is_never_called_is_a_fault() -> None:
    model = Calls(lambda model, x: model.body(x), body=net(), heads=nn.ModuleList([net(), net()]))
    (finding,) = faults(usual(model))
    assert (finding.id, finding.fqn) == ("S7", "heads")


def test_a_frozen_backbone_in_eval_with_an_adapter() -> None:
    class Adapted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.1)).requires_grad_(False)
            self.down, self.up = nn.Linear(4, 2), nn.Linear(2, 4)

        def train(self, mode: bool = True) -> nn.Module:
            super().train(mode)
            self.backbone.eval()
            return self

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.backbone(x) + self.up(self.down(x))

    assert not check_task(usual(Adapted().train()), 3)[0]


def test_frozen_parameters_in_the_optimizer_are_information_until_one_is_moved() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model[0].requires_grad_(False)
    findings, _, _ = check_task(usual(model, optimizer), 3)
    assert [(f.id, f.severity) for f in findings] == [("S4", Severity.INFORMATION)]
    for parameter in model[0].parameters():
        parameter.grad = torch.ones_like(parameter)
    zeroed = torch.optim.SGD(model.parameters(), lr=0.1)
    zeroed.zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign]
    (finding,) = faults(usual(model, zeroed))
    assert finding.id == "S4"
    assert "stepped on a frozen parameter" in finding.rule


@pytest.mark.parametrize("is_whole", [True, False])
def test_compiled_models_are_looked_at_without_what_was_compiled(is_whole: bool) -> None:
    model = net()
    if is_whole:
        assert not faults(usual(torch.compile(model, backend="eager")))
    else:
        model[0].compile(backend="eager")
        assert not faults(usual(model))


def test_a_function_that_was_compiled_does_not_hide_what_it_calls() -> None:
    def inner(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model.body(x)

    assert not faults(usual(Calls(torch.compile(inner, backend="eager"), body=net())))


def test_references_that_lead_back_are_no_hidden_modules() -> None:
    model = net()
    model.whole = [model]
    model[0].owner = weakref.proxy(model)
    model[2].again = functools.partial(model[0])
    model[2].method = model[0].forward
    assert not check(model)
    assert not check(model[2])


def test_a_frozen_teacher_that_was_put_past_registration_on_purpose_is_information() -> None:
    model = net()
    model.__dict__["teacher"] = copy.deepcopy(model).requires_grad_(False)
    (finding,) = check(model)
    assert (finding.id, finding.severity) == ("S1", Severity.INFORMATION)


def test_a_frozen_teacher_in_eval_in_a_list_of_its_own_is_information() -> None:
    model = net()
    model.teacher = [copy.deepcopy(model).requires_grad_(False).eval()]
    (finding,) = check(model)
    assert (finding.id, finding.severity) == ("S1", Severity.INFORMATION)
    model.teacher[0].train()
    assert [finding.severity for finding in check(model)] == [Severity.WARNING]


def test_weight_norm_and_pruning_keep_no_unregistered_tensor() -> None:
    model = net()
    with pytest.warns(FutureWarning):
        nn.utils.weight_norm(model[0])
    prune.random_unstructured(model[2], "weight", 0.5)
    assert not faults(usual(model))


def test_a_metric_that_saves_its_own_state_is_in_order() -> None:
    class Metric(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.total = torch.zeros(1)

        def get_extra_state(self) -> torch.Tensor:
            return self.total

    assert not check(Metric())


def test_a_plain_tensor_is_information_and_shows_the_buffer() -> None:
    class Table(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.arange(4)

    (finding,) = check(Table())
    assert finding.severity is Severity.INFORMATION
    assert finding.fix == "self.register_buffer('table', torch.arange(4))".replace("'", '"')


def test_what_forward_keeps_for_later_is_no_parameter() -> None:
    class Keeps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.inputs: list[torch.Tensor] = []

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.last = x.clone().requires_grad_()
            self.inputs.append(self.last)
            return self.linear(self.last)

    assert not faults(usual(Keeps()))


def test_a_loss_with_parameters_of_its_own() -> None:
    class Weighted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return (self.scale * (outputs - target)).square().mean()

    model, loss = net(), Weighted()
    optimizer = torch.optim.SGD([*model.parameters(), *loss.parameters()], lr=1e-3)
    assert not check_task(TrainingTask(model, optimizer, [(X, Y)], loss), 3)[0]


def test_layers_that_are_copies_of_each_other_are_no_lost_tie() -> None:
    layer = nn.Linear(4, 4)
    assert not check(nn.Sequential(copy.deepcopy(layer), copy.deepcopy(layer)))


def test_gradients_that_are_taken_by_hand() -> None:
    model = net()

    def step() -> torch.Tensor:
        loss = nn.functional.mse_loss(model(X), Y)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= 1e-3 * gradient
        return loss.detach()

    assert not faults(TrainingTask(model, step=step))


def test_a_lazy_model_is_looked_at_after_it_has_its_shapes() -> None:
    assert not faults(usual(nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d())))


def test_looking_leaves_no_trace() -> None:
    task = usual(net())
    before = copy.deepcopy(dict(vars(task.model[0])))
    check_task(task, 3)
    assert vars(task.model[0]).keys() == before.keys()
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks


def test_looking_changes_no_number() -> None:
    losses = []
    for looks in (True, False):
        torch.manual_seed(0)
        task = usual(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.3), nn.BatchNorm1d(4)))
        if looks:
            check_task(task, 3)
        else:
            for _ in range(3):
                assert task.optimizer is not None
                task.optimizer.zero_grad()
                nn.functional.mse_loss(task.model(X), Y).backward()
                task.optimizer.step()
        losses.append([p.detach().clone() for p in task.model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*losses, strict=True))


class Distributed(nn.Module):
    """Stands for a class of torch's own that wraps another and keeps lists of what is registered inside."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = net()
        self.params = [nn.Parameter(torch.ones(2))]


Distributed.__module__ = "torch.distributed.fsdp"


def test_lists_that_a_wrapper_of_torch_keeps_are_its_own() -> None:
    assert not check(Distributed())


def test_a_registered_average_that_is_moved_by_hand_is_no_dead_module() -> None:
    model = Calls(lambda model, x: model.body(x), body=net(), average=net())
    optimizer = torch.optim.SGD(model.body.parameters(), lr=0.1)  # type: ignore[union-attr]

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), Y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for mean, new in zip(model.average.parameters(), model.body.parameters(), strict=True):
                mean.lerp_(new, 0.5)
        return loss.detach()

    assert not faults(TrainingTask(model, optimizer, step=step))


def test_a_check_that_raises_is_said_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, run: object) -> list[Finding]:
        raise ValueError("never seen before")

    monkeypatch.setattr(TiedParameters, "check", fail)
    model = nn.Sequential(nn.Linear(4, 4))
    model.extra = [nn.Linear(4, 4)]
    with pytest.warns(RuntimeWarning, match="The structure check S5 failed and found nothing"):
        assert [finding.id for finding in check(model)] == ["S1"]


def test_looking_on_in_a_run_compiles_nothing_anew() -> None:
    n_compiled = [0]

    def backend(graph: torch.fx.GraphModule, _inputs: object) -> Callable[..., object]:
        n_compiled[0] += 1
        return graph.forward

    task = usual(torch.compile(net(), backend=backend))
    said: list[Record] = []
    checked, step = CheckedSteps(said.append), TrainingStep(task)
    checked.look_anew(task)
    for _ in range(6):  # three with the hooks on, three without
        step.fetch()
        with checked.step():
            step.train()
    assert n_compiled == [1]
    assert [record.findings for record in said if isinstance(record, FindingsReported)] == [(), ()]
