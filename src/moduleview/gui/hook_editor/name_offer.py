"""Which names may stand at the cursor in a hook's code: answered here, at once, from what is known of torch."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping

from moduleview.telemetry.user_hook_code import read_hook_code
from moduleview.telemetry.user_hook_templates import signature_of
from moduleview.telemetry.user_hooks_messages import WrittenHook

_DOTTED = re.compile(r"([A-Za-z_][\w.]*(?:\[[^\]]*\])*)\.\w*$")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_ALWAYS = ("torch", "nn", "F", "math")
_SAME_AS = {"torch.nn": "nn", "torch.nn.functional": "F", "nn.functional": "F", "torch.Tensor": "tensor"}
_HOLD_TENSORS = ("args", "kwargs", "grad_input", "grad_output")
_OF_TUPLES = ("count", "index")


def names_at(hook: WrittenHook, code: str, position: int, words: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The names, sorted; whoever offers them leaves out what does not begin as was typed.

    Args:
        hook: Of which kind, with which options.
        code: As typed so far.
        position: Of the cursor.
        words: Names behind the dot, as the training side gave them.
    """
    line = code[:position].rpartition("\n")[2]
    if "#" in line:
        return ()
    dotted = _DOTTED.search(line)
    if dotted is None:
        return _plain(hook, code, position)
    before = dotted[1]
    known = words.get(_SAME_AS.get(before, before))
    if known is not None and before != "tensor":
        return known
    return _OF_TUPLES if before in _HOLD_TENSORS else words.get("tensor", ())


def _plain(hook: WrittenHook, code: str, position: int) -> tuple[str, ...]:
    typed = _IDENTIFIER.findall(code[:position])[-1:]
    others = set(_IDENTIFIER.findall(code))
    if typed and code.count(typed[0]) == 1:
        others -= set(typed)  # the word that is being typed is no suggestion
    own = signature_of(hook.kind, with_kwargs=hook.with_kwargs).replace(",", " ").split()
    fields = (field.name for field in read_hook_code(code).fields)
    built_in = (name for name in dir(builtins) if not name.startswith("_"))
    return tuple(sorted({*_ALWAYS, *own, *fields, *others, *keyword.kwlist, *built_in}, key=str.lower))
