import pytest

from moduleview.gui.models.quantity_words import QuantityWords
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


def test_every_statistic_of_every_hook_has_words_of_its_own(qapp):
    names = {QuantityWords().name(f"{kind}.{statistic}") for kind in HookKind for statistic in HOOK_STATISTICS}
    assert len(names) == len(HookKind) * len(HOOK_STATISTICS)
    assert not any("." in name or "_" in name for name in names)
