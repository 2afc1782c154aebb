"""What a person types over the tree: ``type:Linear grad>1 nan hook:fwd name~attn /regex/ !frozen``.

Every term must hold; ``!`` turns one round. A word alone is looked for in names and types, with dots in it as a path.
What has no meaning yet (``grad>``) is left out, so that half a term never empties the tree under somebody's hands.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.hooks import MODULE_KINDS, HookKind
from moduleview.telemetry.name_index import NameIndex
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait, NodeCoverage

Mask = NDArray[np.bool_]
_TOKEN = re.compile(r"!?/(?:\\.|[^/\\])*/?(?=\s|$)|\S+")
_HALF_TYPED = (":", "~", ">", "<", "=", "/", "!", "-", "e", "e-", "e+")  # "grad>1e-" will be a number
_COMPARISON = re.compile(r"grad(>=|<=|>|<)(.+)")
_COMPARE: dict[str, Callable[[NDArray[np.float32], float], Mask]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_KINDS: dict[str, tuple[HookKind, ...]] = {
    "fwd": (HookKind.FORWARD,),
    "forward": (HookKind.FORWARD,),
    "bwd": (HookKind.BACKWARD,),
    "backward": (HookKind.BACKWARD,),
    "fwd_pre": (HookKind.FORWARD_PRE,),
    "forward_pre": (HookKind.FORWARD_PRE,),
    "bwd_pre": (HookKind.BACKWARD_PRE,),
    "backward_pre": (HookKind.BACKWARD_PRE,),
    "full_bwd": (HookKind.FULL_BACKWARD,),
    "full_backward": (HookKind.FULL_BACKWARD,),
    "state_dict": (HookKind.STATE_DICT,),
    "load_state_dict": (HookKind.LOAD_STATE_DICT,),
    "any": MODULE_KINDS,
}


class Property(Enum):
    """What ``is:`` can ask; ``nan`` and ``frozen`` stand alone too."""

    NAN = "nan"
    FROZEN = "frozen"
    TIED = "tied"
    SHARED = "shared"
    LAZY = "lazy"
    CONTAINER = "container"
    NOT_EXECUTED = "unused"
    BYPASSED = "bypassed"


class Field(Enum):
    """Where a text is looked for."""

    NAME_OR_TYPE = "any"
    NAME = "name"
    EXACT_NAME = "exact_name"
    TYPE = "type"
    PATH = "path"


@dataclass(frozen=True)
class TextTerm:
    """A text in a name, type or path."""

    field: Field
    text: str


@dataclass(frozen=True)
class RegexTerm:
    """A regular expression in the FQN; with a capital in it, case matters."""

    pattern: re.Pattern[str]


@dataclass(frozen=True)
class GradientTerm:
    """The subtree's gradient norm now, compared with a limit."""

    comparison: str
    limit: float


@dataclass(frozen=True)
class HookTerm:
    """One of these kinds of hook is ticked."""

    kinds: tuple[HookKind, ...]


@dataclass(frozen=True)
class PropertyTerm:
    """Something that a module is."""

    which: Property


Term = TextTerm | RegexTerm | GradientTerm | HookTerm | PropertyTerm


@dataclass(frozen=True)
class FilterSubject:
    """What a query is asked of; what costs something is a function, called only by a term that needs it.

    Attributes:
        snapshot: The model.
        index: Its names.
        coverage: (n,) of ``NodeCoverage``.
        gradients: Gives the (n,) gradient norm of each subtree now, and whether each was measured.
        ticked: Gives the (n,) modules on which a kind of hook is ticked.
    """

    snapshot: ModelSnapshot
    index: NameIndex
    coverage: NDArray[np.uint8]
    gradients: Callable[[], tuple[NDArray[np.float32], Mask]]
    ticked: Callable[[HookKind], Mask]


@dataclass(frozen=True)
class FilterQuery:
    """A parsed filter.

    Attributes:
        terms: Each with True where it is turned round.
        ignored: Tokens that have no meaning, as they were typed.
        broken_regex: What ``re`` says of the first regular expression that is none, or "".
    """

    terms: tuple[tuple[Term, bool], ...]
    ignored: tuple[str, ...] = ()
    broken_regex: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing is asked: every module matches."""
        return not self.terms

    @property
    def not_understood(self) -> str:
        """The first token without a meaning that is not half typed, or ""."""
        return next((token for token in self.ignored if not token.endswith(_HALF_TYPED)), "")

    @property
    def is_live(self) -> bool:
        """The answer changes while the model trains."""
        return any(isinstance(term, GradientTerm) or term == PropertyTerm(Property.NAN) for term, _ in self.terms)

    def matches(self, subject: FilterSubject) -> Mask:
        """(n,) bool: the modules for which every term holds.

        Raises:
            EndlessSearchError: A regular expression goes back over the names without an end in sight.
        """
        everything = np.ones(len(subject.snapshot), dtype=np.bool_)
        masks = (~_mask(term, subject) if negated else _mask(term, subject) for term, negated in self.terms)
        return reduce(np.logical_and, masks, everything)


def parse(text: str) -> FilterQuery:
    """Read a filter; never raises, whatever was typed."""
    terms: list[tuple[Term, bool]] = []
    ignored: list[str] = []
    broken = ""
    for token in _TOKEN.findall(text):
        negated = token.startswith("!")
        try:
            term = _term(token[1:] if negated else token)
        except re.error as error:
            broken = broken or str(error)
            continue
        if term is None:
            ignored.append(token)
        else:
            terms.append((term, negated))
    return FilterQuery(tuple(terms), tuple(ignored), broken)


def _term(token: str) -> Term | None:
    if token.startswith("/") and len(token) > 1:
        closed = len(token) > 2 and token.endswith("/") and not token.endswith("\\/")
        return RegexTerm(re.compile(token[1:-1] if closed else token[1:], re.MULTILINE))
    if comparison := _COMPARISON.fullmatch(token):
        return _gradient_term(comparison[1], comparison[2])
    if token in (Property.NAN.value, Property.FROZEN.value):
        return PropertyTerm(Property(token))
    for prefix, make in _PREFIXES.items():
        if token.startswith(prefix):
            rest = token[len(prefix) :]
            return make(rest) if rest else None
    if not token or token in ("/", "grad>", "grad<", "grad>=", "grad<="):
        return None
    return TextTerm(Field.PATH if "." in token else Field.NAME_OR_TYPE, token)


def _gradient_term(comparison: str, limit: str) -> GradientTerm | None:
    try:
        return GradientTerm(comparison, float(limit))
    except ValueError:
        return None


def _name_term(text: str) -> TextTerm:
    return TextTerm(Field.PATH if "." in text else Field.NAME, text)


def _hook_term(text: str) -> HookTerm | None:
    kinds = _KINDS.get(text.lower().replace("-", "_"))
    return None if kinds is None else HookTerm(kinds)


def _property_term(text: str) -> PropertyTerm | None:
    try:
        return PropertyTerm(Property(text.lower()))
    except ValueError:
        return None


_PREFIXES: dict[str, Callable[[str], Term | None]] = {
    "type:": lambda text: TextTerm(Field.TYPE, text),
    "type~": lambda text: TextTerm(Field.TYPE, text),
    "name~": _name_term,
    "name:": lambda text: TextTerm(Field.EXACT_NAME, text),
    "hook:": _hook_term,
    "is:": _property_term,
}


def _mask(term: Term, subject: FilterSubject) -> Mask:
    match term:
        case TextTerm():
            return _text_mask(term, subject.index)
        case RegexTerm():
            return subject.index.fqn_matches(term.pattern)
        case GradientTerm():
            values, measured = subject.gradients()
            return measured & _COMPARE[term.comparison](values, term.limit)
        case HookTerm():
            return reduce(np.logical_or, (subject.ticked(kind) for kind in term.kinds))
        case PropertyTerm():
            return _property_mask(term.which, subject)
        case _:
            assert_never(term)


def _text_mask(term: TextTerm, index: NameIndex) -> Mask:
    match term.field:
        case Field.NAME_OR_TYPE:
            return index.name_contains(term.text) | index.type_contains(term.text)
        case Field.NAME:
            return index.name_contains(term.text)
        case Field.EXACT_NAME:
            return index.name_is(term.text)
        case Field.TYPE:
            return index.type_contains(term.text)
        case Field.PATH:
            return index.path_contains(term.text)
        case _:
            assert_never(term.field)


def _property_mask(which: Property, subject: FilterSubject) -> Mask:
    snapshot = subject.snapshot
    match which:
        case Property.NAN:
            values, measured = subject.gradients()
            mask: Mask = measured & ~np.isfinite(values)
        case Property.FROZEN:
            mask = frozen_modules(snapshot)
        case Property.TIED:
            mask = _tied_modules(snapshot)
        case Property.SHARED:
            mask = _with_first_place(snapshot.alias_of)
        case Property.LAZY:
            mask = snapshot.traits == ModuleTrait.LAZY
        case Property.CONTAINER:
            mask = snapshot.traits == ModuleTrait.CONTAINER
        case Property.NOT_EXECUTED:
            mask = subject.coverage == NodeCoverage.NOT_EXECUTED
        case Property.BYPASSED:
            mask = subject.coverage == NodeCoverage.BYPASSED
        case _:
            assert_never(which)
    return mask


def frozen_modules(snapshot: ModelSnapshot) -> Mask:
    """(n,) bool: modules that have parameters in their subtree, none of which requires a gradient."""
    tensors = snapshot.tensors
    has_parameters: Mask = snapshot.subtree_sums(tensors.is_parameter) > 0
    is_trained: Mask = snapshot.subtree_sums(tensors.is_parameter & tensors.requires_grad) > 0
    return has_parameters & ~is_trained


def _tied_modules(snapshot: ModelSnapshot) -> Mask:
    chosen = np.zeros(len(snapshot), dtype=np.bool_)
    chosen[snapshot.tensors.module[_with_first_place(snapshot.tensors.alias_of)]] = True
    return chosen


def _with_first_place(alias_of: NDArray[np.int32]) -> Mask:
    chosen: Mask = alias_of != NO_NODE
    chosen[alias_of[alias_of != NO_NODE]] = True
    return chosen
