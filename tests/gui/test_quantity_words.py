from pathlib import Path

import pytest

from moduleview.gui.models.quantity_words import QuantityWords
from moduleview.telemetry import quantities
from moduleview.telemetry.hooks import HOOK_STATISTICS, HookKind


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("grad_norm", "gradient norm"),
        ("backward.zero_share", "output gradient, share of zeros"),
        ("somebody.else", "somebody.else"),
        ("their_quantity", "their_quantity"),
    ],
)
def test_quantity_is_named_in_words(qapp, quantity, words):
    assert QuantityWords().name(quantity) == words


SEEN = [kind for kind in HookKind if kind.partition("_")[0] in ("forward", "backward", "full", "tensor", "post")]


def test_every_statistic_of_every_hook_has_words_of_its_own(qapp):
    names = {QuantityWords().name(f"{kind}.{statistic}") for kind in SEEN for statistic in HOOK_STATISTICS}
    assert len(names) == len(SEEN) * len(HOOK_STATISTICS)
    assert not any("." in name or "_" in name for name in names)


def own_quantities():
    return [value for name, value in vars(quantities).items() if name.isupper() and isinstance(value, str)]


def test_every_quantity_of_ours_has_a_name_and_a_way_to_read_it(qapp):
    words = QuantityWords()
    names = {words.name(quantity) for quantity in own_quantities()}
    assert len(names) == len(own_quantities()) > 25
    for quantity in own_quantities():
        text = words.text(quantity)
        assert "_" not in text.name
        assert text.reading.endswith("."), quantity
        assert 20 < len(text.reading) < 120, quantity  # a tooltip, not a page


def test_tooltip_says_unit_and_how_to_read(qapp):
    assert QuantityWords().tip("memory").startswith("Memory, in bytes\nAfter the first steps")
    assert QuantityWords().tip("grad_norm").startswith("Gradient norm\nAs the optimizer uses it")
    assert (
        QuantityWords().tip("forward.zero_share").startswith("Output, share of zeros, in shares of 1\nAbout one half")
    )
    assert QuantityWords().tip("their_quantity") == "Their_quantity"


def test_every_quantity_stands_in_what_the_numbers_mean():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## What the numbers mean")[2].partition("\n## ")[0]
    missing = [quantity for quantity in own_quantities() if f"`{quantity}`" not in section]
    assert not missing
    assert all(f"`{statistic}`" in section for statistic in HOOK_STATISTICS)
    assert all(f"`{kind}`" in section for kind in HookKind)
