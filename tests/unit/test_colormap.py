"""The colour maps, and whether the colour of NaN can be told from every colour in them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from moduleview.gui.look.colormap import MAP_NAMES, lookup_table
from moduleview.gui.look.tokens import DARK, LIGHT

_D65 = np.array([0.95047, 1.0, 1.08883])
_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def _linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _lab(table: NDArray[np.uint8]) -> NDArray[np.float64]:
    xyz = _linear(table / 255.0) @ _RGB_TO_XYZ.T / _D65
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)


def _rgb(color: str) -> NDArray[np.uint8]:
    return np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)]], dtype=np.uint8)


@pytest.mark.parametrize("name", MAP_NAMES)
def test_map_has_256_colours_that_grow_lighter(name: str) -> None:
    table = lookup_table(name)

    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert (np.diff(_lab(table)[:, 0]) > -0.5).all()  # rounding to 8 bits may lose a little, never a step back


def test_viridis_begins_and_ends_with_its_published_colours() -> None:
    assert lookup_table("viridis")[[0, 255]].tolist() == [[68, 1, 84], [253, 231, 37]]


def test_unknown_map_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="viridis, cividis"):
        lookup_table("rainbow")


def test_shared_table_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        lookup_table("viridis")[0] = 0


@pytest.mark.parametrize(("name", "least"), [("viridis", 60.0), ("cividis", 79.0)])
@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_colour_of_nan_is_far_from_every_colour_of_the_map(name: str, least: float, tokens: object) -> None:
    color = (LIGHT if tokens is LIGHT else DARK).non_finite
    distance = np.linalg.norm(_lab(lookup_table(name)) - _lab(_rgb(color)), axis=1)

    assert distance.min() >= least - 2
