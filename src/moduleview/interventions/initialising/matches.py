"""What a choice lets through: types, names by a glob or a regular expression, weights or biases."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from torch import nn

from moduleview.interventions.base import InterventionError
from moduleview.telemetry.initialising_messages import Choice, Part

LONGEST_S = 2.0
"""For a regular expression, on all names together."""
_REPEATS = frozenset("*+?{")
_SEARCH = """
import json, re, sys
pattern, names = json.load(sys.stdin)
found = re.compile(pattern)
json.dump([name for name in names if found.search(name)], sys.stdout)
"""


class Matches:
    """Asked for each type and name.

    Args:
        choice: What a person chose.
        names: All that may be asked for.

    Raises:
        InterventionError: The pattern is no regular expression, or does not come to an end.
    """

    def __init__(self, choice: Choice, names: Callable[[], Sequence[str]]) -> None:
        self._choice = choice
        self._found = matching(choice.pattern, names()) if choice.is_regex and choice.pattern else None

    def has_type(self, module: nn.Module) -> bool:
        """It is one of the types, or derived from one."""
        names = {kind.__name__ for kind in type(module).__mro__}
        return not self._choice.types or not names.isdisjoint(self._choice.types)

    def has_name(self, fqn: str) -> bool:
        """The pattern fits."""
        if not self._choice.pattern:
            return True
        return fnmatchcase(fqn, self._choice.pattern) if self._found is None else fqn in self._found

    def is_part(self, fqn: str) -> bool:
        """It is a weight or a bias, as wanted."""
        name = fqn.rpartition(".")[2]
        is_bias = "bias" in name
        match self._choice.part:
            case Part.WEIGHTS:
                return "weight" in name and not is_bias
            case Part.BIASES:
                return is_bias
            case _:
                return True


def matching(pattern: str, names: Sequence[str]) -> frozenset[str]:
    """The names in which a regular expression is found.

    One that repeats is tried in a program of its own: going back over a name may take it years, and while it does no
    other thread of this one runs, the window's neither.

    Raises:
        InterventionError: It is none, or took too long.
    """
    try:
        found = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InterventionError(f"The pattern is no regular expression: {error}.") from None
    if _REPEATS.isdisjoint(pattern):
        return frozenset(name for name in names if found.search(name))
    asked = json.dumps((pattern, list(names)))
    try:
        command = [sys.executable, "-I", "-S", "-c", _SEARCH]
        answer = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=LONGEST_S, check=True)
    except subprocess.TimeoutExpired:
        raise InterventionError(
            f"The pattern had not ended after {LONGEST_S:.0f} s: it repeats what repeats, as (a+)+ does. Write it with "
            "one repeat, or as a glob."
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise InterventionError(f"The pattern cannot be tried here ({error}). Write it as a glob.") from None
    return frozenset(json.loads(answer.stdout))
