"""Sets the learning rate of a group, or of parameters that become one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import ClassVar

from torch.optim import Optimizer

from moduleview.interventions.base import Intervention, InterventionError, LiveRun
from moduleview.interventions.fields import choice, number
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.optimizer_groups import (
    Group,
    Split,
    current_group,
    group_number,
    is_same_group,
    known_optimizers,
    merge_group,
    optimizer_called,
    optimizer_python,
    split_group,
)
from moduleview.interventions.schedules import FormerRate, Schedules, schedules_of, schedules_of_one
from moduleview.interventions.targets import chosen_parameters, place
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

_THESE = "these parameters"
_RATE_TIP = "From the next step on; the schedule of a scheduler of torch goes on from it"


class LearningRate(OfferedChange):
    """Of whole groups at once; of parameters that are a part of a group by splitting it, and merging it when undone."""

    kind: ClassVar[str] = "learning_rate"
    title: ClassVar[str] = "Set learning rate"
    summary: ClassVar[str] = (
        "Of these parameters or of a whole group. A part of a group becomes a group of its own with the same settings; "
        "what the optimizer remembers of it stays."
    )
    section: ClassVar[str] = "Parameters"
    fits: ClassVar[Fits] = Fits.PARAMETERS
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("rate", "Learning rate", 0.001, _RATE_TIP, minimum=0),
        choice("of", "Of", (_THESE,), "What is selected, or a group of the optimizer"),
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self._set: list[tuple[Group, FormerRate]] = []
        self._splits: list[Split] = []
        self._unknown = ""  # scheduler that is none of torch's
        self._where = ""  # of several optimizers

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """With the rate of now, and the groups that there are."""
        chosen = {id(p) for p in chosen_parameters(run.model, fqn).values()}
        groups = dict(_groups(run))
        rates = [float(g["lr"]) for _, g in groups.values() if any(id(p) in chosen for p in g["params"])]
        names = [_THESE, *groups] if rates else list(groups)
        return (
            number("rate", "Learning rate", rates[0] if rates else 0.001, _RATE_TIP, minimum=0),
            choice("of", "Of", names, "What is selected, or a group of the optimizer"),
        )

    def apply(self, run: LiveRun) -> str:
        """Set it, and remember what was there."""
        rate, of, groups = self.number_of("rate"), self.text_of("of"), dict(_groups(run))
        if of in groups:
            schedules = schedules_of_one(run, groups[of][0])
            schedules.refuse_zero(group_number(*groups[of]))
            self._where = ""
            return self._set_rate(run, schedules, groups[of], rate)
        chosen = {id(p) for p in chosen_parameters(run.model, self.fqn).values()}
        touched = [(o, g) for o, g in groups.values() if any(id(p) in chosen for p in g["params"])]
        if not touched:
            raise InterventionError(f"No optimizer holds {place(self.fqn)}. Add it to the optimizer first.")
        parts = [(o, g) for o, g in touched if not _is_whole(g, chosen)]
        schedules_by = _by_optimizer(run)
        for optimizer, _ in parts:
            schedules_by[id(optimizer)].refuse_others()
        for optimizer, group in touched:
            schedules_by[id(optimizer)].refuse_zero(group_number(optimizer, group))
        self._where = _in_which(run, [optimizer for optimizer, _ in touched])
        lines = [self._set_rate(run, schedules_by[id(o)], (o, g), rate) for o, g in touched if _is_whole(g, chosen)]
        lines += [self._split(run, schedules_by[id(o)], (o, g), chosen) for o, g in parts]
        return "\n".join(lines)

    def undo(self, run: LiveRun) -> str:
        """Bring back the former rates, and merge what was split."""
        lines, schedules_by = [], _by_optimizer(run)
        for group, former in self._set:
            found = next(((o, g) for o, g in dict(_groups(run)).values() if is_same_group(g, group)), None)
            if found is not None:
                python, index = _group_python(run, *found), group_number(*found)
                lines += schedules_by[id(found[0])].bring_back(index, former, self.number_of("rate"), python)
        for split in reversed(self._splits):
            if (schedules := schedules_by.get(id(split.optimizer))) is not None:
                lines += _merge(run, schedules, split)
        self._set, self._splits = [], []
        return "\n".join(filter(None, lines))

    def pass_on(self, later: Intervention) -> None:
        """A later one that stands on a group of ours, or on a part of it, takes it over."""
        if not isinstance(later, LearningRate):
            return
        for group, former in list(self._set):
            if any(is_same_group(group, other) for other, _ in later._set):
                rate = self.number_of("rate")
                later._set = [(g, former.since(rate, f.lr) if is_same_group(g, group) else f) for g, f in later._set]
                self._set = [(g, f) for g, f in self._set if g is not group]
        for split in list(self._splits):
            for other in later._splits:
                if is_same_group(other.source, split.part) or is_same_group(other.source, split.source):
                    other.source, other.order = split.source, split.order
            if any(is_same_group(group, split.part) for group, _ in later._set):
                later._set = [(g, f) for g, f in later._set if not is_same_group(g, split.part)]
                later._splits.insert(0, split)
                self._splits.remove(split)

    def __str__(self) -> str:
        of = self.text_of("of")
        what = place(self.fqn) if of == _THESE else of
        return f"Set the learning rate of {what}{self._where} to {self.number_of('rate'):g}"

    @property
    def note(self) -> str:
        """See ``Intervention``."""
        return f"{self._unknown} is none of torch's schedulers: it may set the rate again." if self._unknown else ""

    def _set_rate(self, run: LiveRun, schedules: Schedules, one: tuple[Optimizer, Group], rate: float) -> str:
        index = group_number(*one)
        former = schedules.former(index)
        lines = schedules.go_on_from(index, rate, _group_python(run, *one))
        self._set.append((one[1], former))
        self._unknown = schedules.unknown
        return "\n".join(lines)

    def _split(self, run: LiveRun, schedules: Schedules, one: tuple[Optimizer, Group], chosen: Collection[int]) -> str:
        optimizer, group = one
        where, groups = _group_python(run, optimizer, group), f"{optimizer_python(run, optimizer)}.param_groups"
        rate, source = self.number_of("rate"), group_number(optimizer, group)
        split = split_group(optimizer, group, chosen)
        followed = schedules.follow(source)
        part = len(optimizer.param_groups) - 1
        going_on = schedules.go_on_from(part, rate, f"{groups}[{part}]")
        self._splits.append(split)
        held = {id(p) for p in split.part["params"]}
        kept = tuple(name for name, p in chosen_parameters(run.model, self.fqn).items() if id(p) in held)
        return "\n".join(
            (
                f"chosen = {{model.get_parameter(name) for name in {kept!r}}}",
                f"group = {where}",
                "part = {**group, 'params': [p for p in group['params'] if p in chosen]}",
                "group['params'] = [p for p in group['params'] if p not in chosen]",
                f"{groups}.append(part)",
                *followed,
                *going_on,
            )
        )


def _groups(run: LiveRun) -> Iterator[tuple[str, tuple[Optimizer, Group]]]:
    optimizers = known_optimizers(run)
    for optimizer in optimizers:
        before = f"{optimizer_called(run, optimizer)}, " if len(optimizers) > 1 else ""
        for index, group in enumerate(optimizer.param_groups):
            if "lr" in group:
                yield f"{before}group {index}", (optimizer, group)


def _in_which(run: LiveRun, optimizers: Sequence[Optimizer]) -> str:
    """Where: `` in opt_d (Adam)``; "" where there is one only."""
    if len(run.optimizers) == 1:
        return ""
    return f" in {' and '.join(dict.fromkeys(optimizer_called(run, one) for one in optimizers))}"


def _by_optimizer(run: LiveRun) -> dict[int, Schedules]:
    return {id(of): schedules for of, schedules in zip(run.optimizers, schedules_of(run), strict=True)}


def _is_whole(group: Group, chosen: Collection[int]) -> bool:
    return all(id(parameter) in chosen for parameter in group["params"])


def _group_python(run: LiveRun, optimizer: Optimizer, group: Group) -> str:
    return f"{optimizer_python(run, optimizer)}.param_groups[{group_number(optimizer, group)}]"


def _merge(run: LiveRun, schedules: Schedules, split: Split) -> list[str]:
    source, part = current_group(split.optimizer, split.source), current_group(split.optimizer, split.part)
    if source is None or part is None:
        return []
    name_of = {id(parameter): name for name, parameter in run.model.named_parameters()}
    held = {id(p) for group in (source, part) for p in group["params"]}
    order = tuple(name_of[id(p)] for p, _ in split.order if id(p) in held and id(p) in name_of)
    gone = _group_python(run, split.optimizer, part)
    forgotten = schedules.forget(group_number(split.optimizer, part))
    merge_group(split)
    return [
        f"del {gone}",
        *forgotten,
        f"{_group_python(run, split.optimizer, source)}['params'] = [model.get_parameter(name) for name in {order!r}]",
    ]
