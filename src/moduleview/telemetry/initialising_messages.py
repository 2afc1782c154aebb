"""What a person may ask about new starting values, and what comes back."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

Argument = bool | int | float | str
"""Value of one argument of an initialiser."""

RESET = "reset_parameters"
"""Initialiser: the module's own method."""
FUNCTION = "function"
"""Initialiser: a function that a person wrote, as ``nn.Module.apply`` takes it."""
N_BINS = 40
"""Bins of the small histograms."""


class Part(StrEnum):
    """Which parameters of a module are meant."""

    ALL = "all"
    WEIGHTS = "weights"
    BIASES = "biases"


class InitialiserArgument(msgspec.Struct, frozen=True):
    """An argument of an initialiser, as its signature has it.

    Attributes:
        name: As torch calls it.
        type: "float", "int", "bool" or "choice".
        default: None where torch has none: a person must say it.
        choices: Of a choice.
    """

    name: str
    type: str
    default: Argument | None
    choices: tuple[str, ...] = ()


class Initialiser(msgspec.Struct, frozen=True):
    """One of ``torch.nn.init``, the module's own, or a person's.

    Attributes:
        name: In a ``Choice``.
        arguments: That a person may set, in order.
        is_random: Draws numbers, so that the seed matters.
        works_on_modules: Called with modules, not with parameters.
        summary: First sentence of its docstring.
    """

    name: str
    arguments: tuple[InitialiserArgument, ...]
    is_random: bool
    works_on_modules: bool
    summary: str


class Choice(msgspec.Struct, frozen=True):
    """What is to be initialised, and how.

    Attributes:
        fqn: Module ("" is the whole model), whose subtree is meant, or one parameter.
        initialiser: Name of an ``Initialiser``.
        arguments: By name; torch's defaults hold for the rest.
        seed: Of the generator that it draws from; the run's own numbers are not touched.
        takes_gain_from_activation: ``gain``, or ``nonlinearity`` and ``a``, are those of the activation that follows
            each module, where one is known.
        types: Class names; a module counts that is one of these or of a class derived from one. Empty for all.
        pattern: Names that are meant, "" for all.
        is_regex: ``pattern`` is a regular expression that is searched for, else a glob over the whole name.
        part: Weights, biases or both.
        source: Of a person's function.
        clears_optimizer_state: What the optimizer remembers of these parameters is forgotten too.
    """

    fqn: str
    initialiser: str
    arguments: tuple[tuple[str, Argument], ...] = ()
    seed: int = 0
    takes_gain_from_activation: bool = False
    types: tuple[str, ...] = ()
    pattern: str = ""
    is_regex: bool = False
    part: Part = Part.ALL
    source: str = ""
    clears_optimizer_state: bool = False


class Suggestion(msgspec.Struct, frozen=True):
    """The activation that follows a module, and the gain that goes with it.

    Attributes:
        activation: "relu", "gelu"; "" for none.
        nonlinearity: As ``torch.nn.init.calculate_gain`` takes it.
        parameter: Its slope, for leaky ReLU.
        gain: What ``calculate_gain`` gives.
        why: Where that was seen, and whether another one stands in.
    """

    activation: str
    nonlinearity: str
    parameter: float | None
    gain: float
    why: str


class RequestInitialisers(msgspec.Struct, frozen=True, tag=True):
    """Say which initialisers there are."""


class PreviewInitialisation(msgspec.Struct, frozen=True, tag=True):
    """Say what an initialiser would change, and change nothing; a later request ends an earlier one.

    Attributes:
        request: Number that the answers have.
    """

    request: int
    choice: Choice


class Initialise(msgspec.Struct, frozen=True, tag=True):
    """Give new starting values, at the safe point; entered in the journal.

    Attributes:
        request: Number that the answer has.
        gains: By FQN of modules, for a choice that takes them; empty where they are still to be looked for.
    """

    request: int
    choice: Choice
    gains: tuple[tuple[str, Suggestion], ...] = ()


class InitialisersListed(msgspec.Struct, frozen=True, tag=True):
    """All initialisers that there are here."""

    initialisers: tuple[Initialiser, ...]


class Visit(msgspec.Struct, frozen=True):
    """A module that ``apply`` comes to, in its order: children before parents.

    Attributes:
        number: From 1.
        fqn: Of the module.
        type_name: Its class.
        note: Why nothing is done to it, or what went wrong; "" for neither.
        failed: The note is about something that went wrong.
        suggestion: For modules with weights, where something is known.
        changes: The note is about what would be changed in the module beside values.
    """

    number: int
    fqn: str
    type_name: str
    note: str = ""
    failed: bool = False
    suggestion: Suggestion | None = None
    changes: bool = False


class Spread(msgspec.Struct, frozen=True, eq=False):
    """How the elements of a tensor are spread.

    Attributes:
        mean, std: Over all elements (over n, not n - 1).
        low, high: Smallest and largest.
        shares: (40,) float32, shares of the elements in equal bins between the two ends that ``TensorChange`` names.
        non_finite: Share of NaN and Inf, which no bin holds.
        is_sampled: Of a sample of the elements.
    """

    mean: float
    std: float
    low: float
    high: float
    shares: NDArray[np.float32]
    non_finite: float = 0.0
    is_sampled: bool = False


class TensorChange(msgspec.Struct, frozen=True, eq=False):
    """What would become of one parameter or buffer.

    Attributes:
        visit: Number of the visit that it stands under: where it is registered first.
        fqn: Its name.
        shape: Empty for a scalar; None where it is not known yet.
        dtype: torch's name.
        before, after: None where there is nothing to measure.
        low, high: Ends of the bins of both.
        note: Why it is left as it is, or a warning of torch's; "" for neither.
        failed: It is left as it is because something went wrong.
        n_bytes: Of its values.
    """

    visit: int
    fqn: str
    shape: tuple[int, ...] | None
    dtype: str
    before: Spread | None
    after: Spread | None
    low: float
    high: float
    note: str = ""
    failed: bool = False
    n_bytes: int = 0


class PreviewBegun(msgspec.Struct, frozen=True, tag=True):
    """The order of the visits; what each changes follows.

    Attributes:
        step: Steps done when it began.
        visits: In the order of ``apply``.
        refusal: Why nothing can be done at all; "" else.
        function_line: Line of a person's function that the refusal is about, from 1; 0 for none.
    """

    request: int
    step: int
    visits: tuple[Visit, ...]
    refusal: str = ""
    function_line: int = 0


class PreviewGrew(msgspec.Struct, frozen=True, tag=True):
    """Some more of what would change.

    Attributes:
        visits: That have changed since ``PreviewBegun``: a note came.
        changes: Tensors that are looked at now.
    """

    request: int
    visits: tuple[Visit, ...]
    changes: tuple[TensorChange, ...]


class DepthPoint(msgspec.Struct, frozen=True):
    """One call of a module without children.

    Attributes:
        fqn: Of the module.
        call: From 1: which of its calls.
        before, after: Standard deviation of its output with the old and the new values; NaN where it is not a number.
    """

    fqn: str
    call: int
    before: float
    after: float


class PreviewEnded(msgspec.Struct, frozen=True, tag=True):
    """All is said.

    Attributes:
        undo_bytes: Memory that the old values would take until the run ends.
        undo_refusal: Why it cannot be applied; "" where it can.
        state_words: What the optimizer remembers of these parameters ("exp_avg, exp_avg_sq of 12 parameters"); "" for
            nothing.
        points: In the order of calls; empty where nothing was run.
        depth_words: On what the depth was measured, or why it was not.
        took_ms: Longest time in milliseconds that the run was held, and all of it.
    """

    request: int
    undo_bytes: int
    undo_refusal: str
    state_words: str
    points: tuple[DepthPoint, ...]
    depth_words: str
    took_ms: tuple[float, float]


class InitialisationAnswered(msgspec.Struct, frozen=True, tag=True):
    """What became of an ``Initialise``.

    Attributes:
        entry: Of the journal; 0 where it was not made.
        what: What was done, in a few words.
        refusal: Why not; "" where it was.
        kept_bytes: Memory that the old values take.
    """

    request: int
    entry: int
    what: str = ""
    refusal: str = ""
    kept_bytes: int = 0


InitialisingCommand = RequestInitialisers | PreviewInitialisation | Initialise
InitialisingRecord = InitialisersListed | PreviewBegun | PreviewGrew | PreviewEnded | InitialisationAnswered
