"""What an initialiser would change, found out on a copy of the model, in pieces."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import msgspec
import torch
from torch import nn

from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.initialising.calls import ModuleCalls
from moduleview.interventions.initialising.catalogue import initialiser_called
from moduleview.interventions.initialising.depth import Forward, ForwardSeen, run_forward
from moduleview.interventions.initialising.function import RAISED_BY_CODE, FunctionError, words_of
from moduleview.interventions.initialising.gains import has_weights, suggestions_by_registration
from moduleview.interventions.initialising.old_values import OldValues, bytes_of, why_too_many
from moduleview.interventions.initialising.plan import PLAIN, Plan, PlannedVisit, Target, make_plan, subtree_places
from moduleview.interventions.initialising.randomness import OwnRandomness
from moduleview.interventions.initialising.spread import spreads
from moduleview.interventions.initialising.structure import Structure
from moduleview.interventions.initialising.time_limit import LONGEST_S, TookTooLong, time_limit
from moduleview.interventions.initialising.twin import Twin
from moduleview.interventions.initialising.twin_before import TwinBefore
from moduleview.interventions.initialising.values import CannotFill, Filler, fill_target, why_not_fillable
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.initialising_messages import (
    Choice,
    DepthPoint,
    InitialisingRecord,
    PreviewBegun,
    PreviewEnded,
    PreviewGrew,
    Suggestion,
    TensorChange,
    Visit,
)

MOST_COPIED_BYTES = 4 * 2**30
"""Of values; a model with more is not copied for a preview."""


@dataclass(frozen=True)
class Batch:
    """How the model is called on the last batch.

    Attributes:
        forward: Calls the module that it is given; None where there is no batch.
        words: On what, or why there is none.
    """

    forward: Forward | None
    words: str


class Preview:
    """One preview. Training thread only; the live model is read, never written.

    Args:
        request: Number that its records have.
        choice: What a person chose.
        run: The live model.
        step: Steps done so far.
        batch: For what goes through the depth.
    """

    def __init__(self, request: int, choice: Choice, run: LiveRun, step: int, batch: Batch) -> None:
        self._request, self._run, self._step, self._batch = request, run, step, batch
        self.choice = choice
        self._randomness = OwnRandomness(choice.seed)
        self._changed: list[torch.Tensor] = []
        self._n_failed = 0
        self._changes_more_than_values = False
        self._notes: dict[int, str] = {}
        self._before = ForwardSeen()
        self.suggestions: Mapping[str, Suggestion] = {}

    def pieces(self) -> Iterator[InitialisingRecord | None]:
        """The records, in order; None where a piece of work is done and there is nothing to say of it yet."""
        choice = self.choice
        found = initialiser_called(choice.initialiser)
        try:
            if found is None:
                raise InterventionError(f"There is no initialiser called {choice.initialiser}.")
            plan = make_plan(self._run.model, choice, works_on_modules=found.works_on_modules)
            calls = ModuleCalls(choice, self._randomness) if found.works_on_modules else None
            n_bytes = bytes_of(_tensors_of(self._run.model))
            if n_bytes > MOST_COPIED_BYTES:
                raise InterventionError(_too_large(n_bytes))
        except InterventionError as error:
            line = error.line if isinstance(error, FunctionError) else 0
            yield PreviewBegun(self._request, self._step, (), str(error), line)
            return
        visits = [Visit(visit.number, visit.fqn, type(visit.module).__name__, visit.note) for visit in plan.visits]
        yield PreviewBegun(self._request, self._step, tuple(visits))
        twin = Twin(self._run.model)
        yield from self._look_for_gains(twin)
        before = self._before
        yield self._with_suggestions(visits, plan)
        yield from self._call(plan, twin, calls) if calls is not None else self._fill(plan, twin)
        after = yield from self._pass_through(twin)
        yield self._end(plan, before, after, works_on_modules=calls is not None)

    def gain_pieces(self) -> Iterator[None]:
        """Only what ``suggestions`` takes, in as small pieces."""
        if bytes_of(_tensors_of(self._run.model)) <= MOST_COPIED_BYTES:
            yield from self._look_for_gains(Twin(self._run.model))
        else:
            self.suggestions = suggestions_by_registration(self._run.model)

    # -- the depth -------------------------------------------------------------------------------------------------

    def _look_for_gains(self, twin: Twin) -> Iterator[None]:
        yield from twin.build()
        structure = Structure(twin.model)
        values = OldValues(subtree_places(twin.model, ("_buffers", PLAIN)))
        yield
        self._before = yield from self._pass_through(twin)
        yield
        structure.changes().put_back()  # running statistics are the pass's own doing, not the initialiser's
        values.put_back()
        yield
        self.suggestions = {**suggestions_by_registration(self._run.model), **self._before.suggestions}

    def _pass_through(self, twin: Twin) -> Generator[None, None, ForwardSeen]:
        if self._batch.forward is None:
            return ForwardSeen(problem=self._batch.words)
        if any(nn.parameter.is_lazy(p) for p in self._run.model.parameters()):
            return ForwardSeen(problem="A lazy module still waits for its first input.")
        return (yield from run_forward(twin.model, self._batch.forward))

    def _with_suggestions(self, visits: list[Visit], plan: Plan) -> PreviewGrew:
        grown = []
        for visit, planned in zip(visits, plan.visits, strict=True):
            suggestion = self.suggestions.get(visit.fqn)
            if suggestion is not None and has_weights(planned.module):
                grown.append(msgspec.structs.replace(visit, suggestion=suggestion))
        return PreviewGrew(self._request, tuple(grown), ())

    # -- initialisers of torch's -----------------------------------------------------------------------------------

    def _fill(self, plan: Plan, twin: Twin) -> Iterator[InitialisingRecord]:
        filler = Filler(self.choice, self._randomness, self.suggestions)
        for visit in plan.visits:
            for target in visit.targets:
                change = self._filled(filler, visit, target, twin)
                yield PreviewGrew(self._request, (), (change,))

    def _filled(self, filler: Filler, visit: PlannedVisit, target: Target, twin: Twin) -> TensorChange:
        copied = twin.of(target.parameter)
        outer = None if target.computes is None else twin.of(target.computes[1])
        try:
            note = fill_target(filler, target, copied, outer)
        except CannotFill as error:
            return _change(visit.number, target.fqn, target.parameter, None, note=str(error), failed=True)
        self._changed.append(target.parameter)
        return _change(visit.number, target.fqn, target.parameter, copied, note=note)

    # -- what is called with modules -------------------------------------------------------------------------------

    def _call(self, plan: Plan, twin: Twin, calls: ModuleCalls) -> Iterator[InitialisingRecord | None]:
        before = TwinBefore(plan, twin)
        for _ in before.remember():
            yield None
        has_ended = True
        for visit in plan.visits:
            note, failed = calls.why_not(visit), False
            if not note and has_ended:
                note, has_ended = self._called(calls, visit, twin)
                failed = bool(note)
                self._n_failed += failed
                note = note or calls.remark(visit)
            elif not note:
                note = "was not called any more"
            if note:
                yield PreviewGrew(self._request, (self._visit(visit, note, failed=failed),), ())
            else:
                yield None
        yield from self._compared(plan, before)

    def _called(self, calls: ModuleCalls, visit: PlannedVisit, twin: Twin) -> tuple[str, bool]:
        """What went wrong, "" for nothing; and whether it ended."""
        try:
            with time_limit():
                calls.call(visit, twin.of(visit.module))
        except TookTooLong:
            return f"had not ended after {LONGEST_S:.0f} s and was interrupted", False
        except RAISED_BY_CODE as error:
            return f"raised {words_of(error)}", True
        return "", True

    def _compared(self, plan: Plan, before: TwinBefore) -> Iterator[InitialisingRecord | None]:
        """What is different on the copy now."""
        for found in before.compare():
            if found is None:
                yield None
                continue
            visit = found.visit
            self._changed.append(found.tensor)
            fqn = f"{visit.fqn}.{found.name}" if visit.fqn else found.name
            change = _change(visit.number, fqn, found.tensor, found.copied, note=found.note)
            yield PreviewGrew(self._request, (), (change,))
        told: set[int] = set()
        for visit in plan.visits:
            words = before.words_of(visit)
            if words and id(visit.module) not in told:
                told.add(id(visit.module))
                self._changes_more_than_values = True
                yield PreviewGrew(self._request, (self._visit(visit, words, changes=True),), ())

    def _visit(self, visit: PlannedVisit, note: str, *, failed: bool = False, changes: bool = False) -> Visit:
        suggestion = self.suggestions.get(visit.fqn) if has_weights(visit.module) else None
        said = " ".join(dict.fromkeys(filter(None, (self._notes.get(visit.number, ""), note))))
        self._notes[visit.number] = said
        return Visit(visit.number, visit.fqn, type(visit.module).__name__, said, failed, suggestion, changes)

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end(self, plan: Plan, before: ForwardSeen, after: ForwardSeen, *, works_on_modules: bool) -> PreviewEnded:
        if works_on_modules:
            refusal = why_too_many(bytes_of(_tensors_of(plan.root)))
        else:
            refusal = why_too_many(bytes_of(self._changed))
        if self._n_failed:
            n = f"{self._n_failed} module{'' if self._n_failed == 1 else 's'}"
            refusal = f"It raised or did not end at {n}: mend it, or choose types or names that it can take."
        elif not self._changed and not self._changes_more_than_values:
            refusal = refusal or "Nothing would change."
        return PreviewEnded(
            self._request,
            bytes_of(self._changed),
            refusal,
            self._state_words(),
            _points(before, after),
            before.problem or after.problem or self._batch.words,
            (0.0, 0.0),
        )

    def _state_words(self) -> str:
        changed = {id(tensor) for tensor in self._changed}
        states = [
            state for optimizer in self._run.optimizers for p, state in optimizer.state.items() if id(p) in changed
        ]
        names = list(dict.fromkeys(name for state in states if isinstance(state, dict) for name in state))
        names = [str(name) for name in names if name != "step"]
        if not names:
            return ""
        return f"{', '.join(names[:4])} of {len(states):,} parameter{'' if len(states) == 1 else 's'}"


def _points(before: ForwardSeen, after: ForwardSeen) -> tuple[DepthPoint, ...]:
    """Calls of the first pass, in their order; what the second pass did not come to is not a number."""
    stds = dict(zip(after.calls, after.stds, strict=True))
    return tuple(
        DepthPoint(fqn, call, std, stds.get((fqn, call), math.nan))
        for (fqn, call), std in zip(before.calls, before.stds, strict=True)
    )


def _change(
    visit: int, fqn: str, tensor: torch.Tensor, copied: torch.Tensor | None, *, note: str = "", failed: bool = False
) -> TensorChange:
    """The row of one tensor; without numbers where there are none."""
    is_lazy = nn.parameter.is_lazy(tensor)
    shape = None if is_lazy else tuple(tensor.shape)
    before = after = None
    low = high = 0.0
    readable = not why_not_fillable(tensor) and not (copied is not None and why_not_fillable(copied))
    if readable:
        before, after, low, high = spreads(tensor, tensor if copied is None else copied)
    dtype = str(tensor.dtype).removeprefix("torch.")
    n_bytes = 0 if is_lazy else tensor.numel() * tensor.element_size()
    if copied is None:
        after = None
    return TensorChange(visit, fqn, shape, dtype, before, after, low, high, note, failed, n_bytes)


def _tensors_of(model: nn.Module) -> Iterator[torch.Tensor]:
    for module, name in subtree_places(model):
        for table in ("_parameters", "_buffers"):
            tensor = (attributes_of(module).get(table) or {}).get(name)
            if tensor is not None:
                yield tensor


def _too_large(n_bytes: int) -> str:
    size, most = (f"{n / 2**30:.1f} GiB" for n in (n_bytes, MOST_COPIED_BYTES))
    return f"The model has {size} of values; at most {most} are copied for a preview. Apply works without one."
