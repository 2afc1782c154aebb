"""What is selected in a model that has just been opened, so that the panels beside the tree have something to show."""

from __future__ import annotations

from collections import Counter

import numpy as np

from moduleview.gui.selection import MAXIMUM_CURVES
from moduleview.telemetry.snapshot import ModelSnapshot


def most_telling(model: ModelSnapshot) -> str:
    """The module whose parts fill the curves and tables best: a block among many alike, with at most 16 curves.

    Of those the first, so that the tree stays at its top. Gives its FQN; that of the root where no block stands out.
    """
    owns = np.diff(model.tensor_begin) > 0
    owners_above = np.concatenate(([0], np.cumsum(owns)))
    n_curves = owners_above[model.subtree_end] - owners_above[:-1]
    families = list(zip(model.parent.tolist(), model.type_names, strict=True))
    n_alike = Counter(families)
    blocks = np.flatnonzero((n_curves >= 2) & (n_curves <= MAXIMUM_CURVES)).tolist()
    scores = [(n_alike[families[node]], n_curves[node], -node) for node in blocks if node]
    return model.fqns[-max(scores)[2]] if scores else ""
