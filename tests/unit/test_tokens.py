"""Every pair of colours that meet can be told apart (WCAG 2.1: text 4.5, lines 3)."""

from __future__ import annotations

import numpy as np
import pytest

from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.tokens import DARK, LIGHT, Tokens

THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])

TEXT_ON = [
    ("text", "panel"),
    ("text", "window"),
    ("text", "raised"),
    ("text", "inset"),
    ("text", "hover"),
    ("muted", "panel"),
    ("muted", "window"),
    ("muted", "raised"),
    ("on_selection", "selection"),
    ("on_accent", "accent"),
    ("accent", "panel"),
    ("success", "window"),
    ("warning", "panel"),
    ("warning", "warning_tint"),
    ("error", "panel"),
    ("on_hook_forward", "hook_forward"),
    ("on_hook_backward", "hook_backward"),
]
LINES_ON = [
    ("strong", "panel"),
    ("strong", "raised"),
    ("strong", "inset"),
    ("hook_forward", "panel"),
    ("hook_backward", "panel"),
]


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(channels: np.ndarray) -> np.ndarray:
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, light = sorted(float(linear(rgb(colour)) @ weights) for colour in (first, second))
    return (light + 0.05) / (dark + 0.05)


def lab(channels: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear(channels) @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


@THEMES
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_can_be_read(tokens: Tokens, text: str, ground: str) -> None:
    assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize(("line", "ground"), LINES_ON)
def test_lines_can_be_seen(tokens: Tokens, line: str, ground: str) -> None:
    assert contrast(getattr(tokens, line), getattr(tokens, ground)) >= 3


@THEMES
def test_every_curve_can_be_seen(tokens: Tokens) -> None:
    assert min(contrast(colour, tokens.panel) for colour in tokens.series) >= 3


@pytest.mark.parametrize(("name", "distance"), [("viridis", 59), ("cividis", 75)])
@THEMES
def test_not_a_number_is_far_from_every_colour_of_the_map(tokens: Tokens, name: str, distance: float) -> None:
    """CIE76 in Lab; visual.md computed 60 and 79 on approximated maps."""
    colours = lab(lookup_table(name) / 255)
    assert np.linalg.norm(colours - lab(rgb(tokens.non_finite)), axis=1).min() >= distance
