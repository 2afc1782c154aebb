"""Why no gradient was measured of what is selected, as far as that is known: the budget is not always the reason."""

from __future__ import annotations

from enum import Enum
from itertools import islice

import numpy as np

from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.telemetry.quantities import GRAD_NORM, UNSCALED_GRAD_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NodeCoverage
from moduleview.telemetry.store_view import StoreView

_LOOKED_BACK = 16_384  # steps in which one is looked for whose gradients were measured
_ASKED = 8  # series that are asked: the first ones may be of modules that seldom run


class MissingGradient(Enum):
    """What keeps the gradient away, the surest reason first."""

    NO_PARAMETER = "no parameter"
    FROZEN = "frozen"
    NO_STEP = "no step"
    NOT_EXECUTED = "not executed"
    NONE_CAME = "none came"  # those of other parameters were measured
    NOT_FOLLOWED = "not followed"  # no gradient at all was measured


def missing_gradient(store: StoreView, place: SelectedPlace, step: int | None) -> MissingGradient:
    """Why ``place`` has no gradient up to a step, None for the newest; only asked where it has none."""
    if not len(place.parameters):
        return MissingGradient.NO_PARAMETER
    if is_frozen(place):
        return MissingGradient.FROZEN
    if store.last_step is None:
        return MissingGradient.NO_STEP
    if _never_ran(store, place):
        return MissingGradient.NOT_EXECUTED
    return MissingGradient.NONE_CAME if _others_have_one(store, step) else MissingGradient.NOT_FOLLOWED


def is_frozen(place: SelectedPlace) -> bool:
    """It has parameters, and each of them has ``requires_grad`` False."""
    rows = place.parameters
    return bool(len(rows)) and not place.snapshot.tensors.requires_grad[rows].any()


def _never_ran(store: StoreView, place: SelectedPlace) -> bool:
    """No module that holds a trainable parameter of it was executed in the step that was last looked at."""
    tensors, coverage = place.snapshot.tensors, store.coverage
    if len(coverage) != len(place.snapshot):
        return False
    rows = place.parameters[tensors.requires_grad[place.parameters]]
    return bool((coverage[tensors.module[rows]] == NodeCoverage.NOT_EXECUTED).all())


def _others_have_one(store: StoreView, step: int | None) -> bool:
    for quantity in (GRAD_NORM, UNSCALED_GRAD_NORM):
        measured = (key for key in store.keys(quantity) if store.latest(key) is not None)
        keys: list[SeriesKey] = list(islice(measured, _ASKED))
        if keys and np.any(store.matrix(keys, _LOOKED_BACK, end_step=step).measured):
            return True
    return False
