"""From TARGET to the model or task it means: the first loader that can load it does."""

from __future__ import annotations

from moduleview.errors import TargetError
from moduleview.introspect import loaders
from moduleview.introspect.loaders.base import Loader
from moduleview.introspect.loaders.target import parse_target
from moduleview.registry import discover


def load_target(target: str, accepts: tuple[type, ...]) -> object:
    """Run the target's code and give what it makes. Training thread only.

    Args:
        target: ``file.py``, ``file.py:name``, ``package.module:name`` or ``sample:name``; without a name, the only
            thing in it that can be meant (``loaders.candidates`` has the rule).
        accepts: Types that will do (``nn.Module``, ``TrainingTask``).

    Returns:
        An instance of one of ``accepts``.

    Raises:
        TargetError: One sentence on what is wrong and one on what to do; where the user's code raised, with its
            traceback as text.
    """
    parsed = parse_target(target)
    for loader_class in sorted(discover(loaders, Loader), key=lambda found: found.is_general):
        loader = loader_class()
        if loader.can_load(parsed):
            return loader.load(parsed, accepts)
    raise TargetError(f"{target!r} cannot be opened; name it as file.py, file.py:name or package.module:name.")
