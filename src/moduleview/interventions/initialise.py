"""New starting values for a subtree: the old ones are kept, so that they come back to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch.optim import Optimizer

from moduleview.interventions.base import Intervention, InterventionError, LiveRun
from moduleview.interventions.initialising.calls import ModuleCalls
from moduleview.interventions.initialising.catalogue import initialiser_called
from moduleview.interventions.initialising.function import RAISED_BY_CODE, words_of
from moduleview.interventions.initialising.old_values import MOST_KEPT_BYTES, OldValues, size_words
from moduleview.interventions.initialising.plan import (
    PLAIN,
    REGISTERED,
    Plan,
    PlannedVisit,
    Target,
    behind_computed,
    make_plan,
    subtree_places,
)
from moduleview.interventions.initialising.python import (
    Filled,
    python_of_clearing,
    python_of_keeping,
    python_of_keeping_all,
    python_of_putting_all_back,
    python_of_putting_back,
    python_of_tensors,
)
from moduleview.interventions.initialising.randomness import OwnRandomness
from moduleview.interventions.initialising.structure import Structure, StructureChanges
from moduleview.interventions.initialising.time_limit import LONGEST_S, TookTooLong, time_limit
from moduleview.interventions.initialising.values import CannotFill, Filler, computed_shape, fill_target, has_way_back
from moduleview.telemetry.initialising_messages import FUNCTION, RESET, Choice, Suggestion

_CHOOSE = "Choose other modules, another pattern or another initialiser."


class Initialise(Intervention):
    """Gives parameters new values by an initialiser of torch's, the modules' own method, or a person's function.

    Parameters that an initialiser of torch's cannot take keep their values. What a module's method or a person's
    function does beside giving values (it registers a parametrization, sets the mode) is taken back too; where it
    raises, or does not end, all of it is at once.

    Args:
        choice: What a person chose.
        suggestions: Gains by FQN of modules, for a choice that takes them.

    Attributes:
        free_bytes: Bytes that there are for the old values: what earlier changes keep is taken off.
    """

    title: ClassVar[str] = "Initialise"
    changes_model: bool = False  # type: ignore[misc]

    def __init__(self, choice: Choice, suggestions: Mapping[str, Suggestion] | None = None) -> None:
        self._choice = choice
        self._suggestions = suggestions or {}
        self.fqn = choice.fqn
        self.changes_model = choice.initialiser in (RESET, FUNCTION)  # what they do may be more than new values
        self._old: OldValues | None = None
        self._structure = StructureChanges([], [])
        self._n_modules = 0  # of which more than values was changed
        self._states: list[tuple[Optimizer, torch.Tensor, dict[str, object]]] = []
        self._n_changed = 0
        self._filled: set[int] = set()  # that were given values, be they the same
        self.free_bytes = MOST_KEPT_BYTES

    @property
    def choice(self) -> Choice:
        """What a person chose."""
        return self._choice

    @property
    def suggestions(self) -> Mapping[str, Suggestion]:
        """The gains that it takes, by FQN of modules."""
        return self._suggestions

    @property
    def note(self) -> str:
        """The memory that it takes."""
        return f"Its old values take {size_words(self.kept_bytes)} until it is taken back." if self.kept_bytes else ""

    @property
    def kept_bytes(self) -> int:
        """Memory that the old values take now."""
        return 0 if self._old is None else self._old.n_bytes

    def apply(self, run: LiveRun) -> str:
        """Give the new values.

        Raises:
            InterventionError: Nothing is meant or can be done, the old values are too many to be kept, or code of a
                person's raised; nothing was changed.
        """
        found = initialiser_called(self._choice.initialiser)
        if found is None:
            raise InterventionError(f"There is no initialiser called {self._choice.initialiser}.")
        plan = make_plan(run.model, self._choice, works_on_modules=found.works_on_modules)
        python = self._call_modules(plan) if found.works_on_modules else self._fill_tensors(plan)
        assert self._old is not None
        self._old.forget_unchanged()
        changed = {id(tensor) for tensor in self._old.tensors}
        self._n_changed, self._n_modules = len(changed), len(self._structure)
        if self._choice.clears_optimizer_state:
            python += self._clear_states(run, changed | self._filled)
        return f"{self._python_before(run, plan.root_fqn, changed)}\n{python}"

    def undo(self, run: LiveRun) -> str:  # noqa: ARG002
        """Bring back the old values to the bit, and what the optimizer remembered with them."""
        python = python_of_putting_all_back if self._may_be_more_than_values else python_of_putting_back
        self._structure.put_back()
        if self._old is not None:
            self._old.put_back()
        for optimizer, tensor, state in self._states:
            optimizer.state[tensor] = state
        self._old, self._states = None, []
        return python(f"before_{self.number}")

    def pass_on(self, later: Intervention) -> None:
        """A later one of the same tensors keeps the older values from now on, and its own stay in force."""
        if isinstance(later, Initialise) and self._old is not None and later._old is not None:
            later._old.take_over(self._old)
            later._structure.take_over(self._structure)
            taken = {id(tensor) for tensor in later._old.tensors}
            mine = [entry for entry in self._states if id(entry[1]) in taken]
            theirs = {(id(optimizer), id(tensor)) for optimizer, tensor, _ in mine}
            later._states = [e for e in later._states if (id(e[0]), id(e[1])) not in theirs] + mine
            self._states = [entry for entry in self._states if id(entry[1]) not in taken]

    def is_undone_by(self, other: Intervention) -> bool:  # noqa: ARG002
        """By nothing but being taken back."""
        return False

    def __str__(self) -> str:
        what = "a function" if self._choice.initialiser == FUNCTION else self._choice.initialiser
        place = self._choice.fqn or "the whole model"
        much = f"{self._n_changed} tensor{'' if self._n_changed == 1 else 's'}"
        if self._n_modules:
            much += f", and more than values in {self._n_modules} module{'' if self._n_modules == 1 else 's'}"
        return f"Initialised {place} with {what} ({much})"

    # -- inside ----------------------------------------------------------------------------------------------------

    def _fill_tensors(self, plan: Plan) -> str:
        targets = [target for visit in plan.visits for target in visit.targets]
        if not targets:
            raise InterventionError(f"No parameter is meant. {_CHOOSE}")
        old = OldValues(((target.owner, target.name) for target in targets), self.free_bytes)
        filler = Filler(self._choice, OwnRandomness(self._choice.seed), self._suggestions)
        filled: list[Filled] = []
        reason = ""
        for target in targets:
            outer = None if target.computes is None else target.computes[1]
            try:
                fill_target(filler, target, target.parameter, outer)
            except CannotFill as error:
                old.put_back_one(target.parameter)
                reason = reason or f"{target.fqn}: {error}"
                continue
            _note_filled(filled, filler, target)
        if not filled:
            raise InterventionError(f"{reason} {_CHOOSE}")
        self._old, self._filled = old, {id(target.parameter) for target, _, _ in filled}
        return python_of_tensors(self._choice, filled, is_random=filler.initialiser.is_random)

    def _call_modules(self, plan: Plan) -> str:
        calls = ModuleCalls(self._choice, OwnRandomness(self._choice.seed))
        meant = [visit for visit in plan.visits if not calls.why_not(visit)]
        if not meant:
            raise InterventionError(f"No module is meant. {_CHOOSE}")
        places = subtree_places(plan.root, (*REGISTERED, PLAIN))
        old = OldValues(places, self.free_bytes, keeps_gradients=self._choice.initialiser == FUNCTION)
        structure = Structure(plan.root)
        try:
            self._call_all(calls, meant)
        except BaseException:
            structure.changes().put_back()
            old.put_back()
            raise
        self._old, self._structure = old, structure.changes()
        return calls.python()

    def _call_all(self, calls: ModuleCalls, meant: list[PlannedVisit]) -> None:
        visit = meant[0]
        try:
            with time_limit(), calls.own_randomness():
                for visit in meant:
                    calls.call_inside(visit, visit.module)
        except TookTooLong:
            message = f"It had not ended after {LONGEST_S:.0f} s, at {visit.fqn or 'the root'}; nothing was changed."
            raise InterventionError(message) from None
        except RAISED_BY_CODE as error:
            message = f"At {visit.fqn or 'the root'} it raised {words_of(error)} Nothing was changed."
            raise InterventionError(message) from None

    @property
    def _may_be_more_than_values(self) -> bool:
        return self._choice.initialiser == FUNCTION or self._n_modules > 0

    def _clear_states(self, run: LiveRun, given: set[int]) -> str:
        """Forget moments that belong to the old values."""
        self._states = [
            (optimizer, tensor, state)
            for optimizer in run.optimizers
            for tensor, state in list(optimizer.state.items())
            if id(tensor) in given
        ]
        for optimizer, tensor, _ in self._states:
            del optimizer.state[tensor]
        names = [name for name, p in run.model.named_parameters() if id(p) in given]
        return f"\n{python_of_clearing(names)}" if self._states else ""

    def _python_before(self, run: LiveRun, root_fqn: str, changed: set[int]) -> str:
        variable = f"before_{self.number}"
        if self._may_be_more_than_values:
            return python_of_keeping_all(variable, root_fqn)
        tensors = (*run.model.named_parameters(), *run.model.named_buffers())
        return python_of_keeping(variable, tuple(name for name, tensor in tensors if id(tensor) in changed))


def _note_filled(filled: list[Filled], filler: Filler, target: Target) -> None:
    """Write down how it was done; of several parameters behind one computed tensor the first stands for all."""
    module_fqn = target.fqn.rpartition(".")[0]
    if target.computes is None or not has_way_back(target.computes[1], target.computes[2]):
        filled.append((target, filler.arguments_for(module_fqn), None))
        return
    _, behind = behind_computed(target.computes[1], target.computes[2])
    if target.parameter is behind[0]:
        shape = computed_shape(behind)
        filled.append((target, filler.arguments_for(target.computes[0]), shape))
