"""From the module that was imported to the one object the target means."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from types import ModuleType

from torch import nn

from moduleview.errors import TargetError
from moduleview.introspect.loaders.candidates import find_candidates, required_arguments, what_to_try
from moduleview.introspect.loaders.guarded_call import guarded_call

_MAXIMUM_LISTED = 12
_MAXIMUM_TO_TRY = 5


def make_from(module: ModuleType, name: str, place: str, accepts: tuple[type, ...]) -> object:
    """An instance of one of ``accepts``, made by what is called ``name``, or by the only thing that can be meant.

    Args:
        module: Imported.
        name: Perhaps dotted; "" to look for it.
        place: How a person names the module ("digits.py").
        accepts: Types that will do.

    Raises:
        TargetError: Nothing of that name, nothing at all, several, or it does not make what is wanted.
    """
    chosen = name or _only_candidate(module, place, accepts)
    thing = _named(module, chosen, place, accepts)
    if isinstance(thing, accepts):
        return thing
    label = f"{place}:{chosen}"
    if not callable(thing) or (inspect.isclass(thing) and not issubclass(thing, accepts)):
        kind = "a class" if inspect.isclass(thing) else _a(type(thing).__name__)
        raise TargetError(f"{label} is {kind}, not {_wanted(accepts)}; name one, or a function that makes it.")
    missing = required_arguments(thing)
    if missing:
        maker = "make_default_model" if chosen == "make_model" else "make_model"
        raise TargetError(
            f"{label} wants arguments ({', '.join(missing)}); write a function that needs none, "
            f"such as 'def {maker}(): return {_call_of(thing, chosen, missing)}', and name that."
        )
    made = guarded_call(thing, f"{label}()")
    if isinstance(made, accepts):
        return made
    advice = "return one from it"
    if inspect.iscoroutine(made):
        made.close()
        advice = "make it a plain 'def', without async"
    raise TargetError(f"{label}() gives {_a(type(made).__name__)}, not {_wanted(accepts)}; {advice}.")


def _call_of(thing: Callable[..., object], name: str, missing: list[str]) -> str:
    """How a person would write the call, with what they have to fill in."""
    owner, _, method = getattr(thing, "__qualname__", "").rpartition(".")
    if owner and missing[0] == "self":  # a method that was taken from its class
        return f"{owner}(...).{method}({'...' if missing[1:] else ''})"
    return f"{name}({', '.join(f'{argument}=...' for argument in missing)})"


def _only_candidate(module: ModuleType, place: str, accepts: tuple[type, ...]) -> str:
    found = find_candidates(module, accepts)
    if not found:
        names = what_to_try(module, accepts)[:_MAXIMUM_TO_TRY] or ["name"]
        raise TargetError(
            f"{place} holds no model; add a function 'def make_model() -> nn.Module', "
            f"or name what makes one: {', '.join(f'{place}:{name}' for name in names)}."
        )
    if len(found) > 1:
        raise TargetError(f"{place} holds several models: {_listed(found)}; say which one, such as {place}:{found[0]}.")
    return found[0]


def _named(module: ModuleType, name: str, place: str, accepts: tuple[type, ...]) -> object:
    thing: object = module
    for part in name.split("."):
        try:
            thing = getattr(thing, part)
        except AttributeError:
            break
    else:
        return thing
    close = difflib.get_close_matches(name, [known for known in vars(module) if not known.startswith("_")], n=1)
    found = close or find_candidates(module, accepts)
    advice = f"did you mean {place}:{found[0]}?" if found else "name something that it defines."
    raise TargetError(f"{place} has nothing called {name!r}; {advice}")


def _wanted(accepts: tuple[type, ...]) -> str:
    return " or ".join("an nn.Module" if kind is nn.Module else _a(kind.__name__) for kind in accepts)


def _a(name: str) -> str:
    if name == "NoneType":
        return "None"
    return f"{'an' if name[:1] in 'AEIOUaeio' else 'a'} {name}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MAXIMUM_LISTED])
    return f"{shown} and {len(names) - _MAXIMUM_LISTED} more" if len(names) > _MAXIMUM_LISTED else shown
