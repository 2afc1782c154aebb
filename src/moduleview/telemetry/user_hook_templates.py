"""The code that a new hook begins with, one text a kind: how torch calls it, and what returning does."""

from __future__ import annotations

from moduleview.telemetry.user_hooks_messages import UserHookKind

_SIGNATURES = {
    UserHookKind.FORWARD_PRE: "module, args",
    UserHookKind.FORWARD: "module, args, output",
    UserHookKind.BACKWARD_PRE: "module, grad_output",
    UserHookKind.BACKWARD: "module, grad_input, grad_output",
    UserHookKind.TENSOR: "grad",
    UserHookKind.ACCUMULATED: "param",
}
_WITH_KWARGS = {
    UserHookKind.FORWARD_PRE: "module, args, kwargs",
    UserHookKind.FORWARD: "module, args, kwargs, output",
}
_WORDS = {
    UserHookKind.FORWARD_PRE: (
        "Before the module's forward. args is the tuple of its positional inputs.\n\n"
        "    Returning a tensor or a tuple replaces the inputs; returning None observes."
    ),
    UserHookKind.FORWARD: (
        "After the module's forward. args is the tuple of its positional inputs.\n\n"
        "    Returning a value replaces the output; returning None observes."
    ),
    UserHookKind.BACKWARD_PRE: (
        "Before the module's backward. grad_output is a tuple, one gradient an output.\n\n"
        "    Returning such a tuple replaces the gradients; returning None observes."
    ),
    UserHookKind.BACKWARD: (
        "After the module's backward. grad_input and grad_output are tuples of gradients, or of None.\n\n"
        "    Returning a tuple replaces grad_input; returning None observes."
    ),
    UserHookKind.TENSOR: (
        "When the parameter's gradient of one backward pass is computed.\n\n"
        "    Returning a tensor replaces the gradient; returning None observes."
    ),
    UserHookKind.ACCUMULATED: (
        "After param.grad was accumulated. Change param.grad in place to change it.\n\n"
        "    Nothing may be returned: torch raises then."
    ),
}
_WORDS_WITH_KWARGS = {
    UserHookKind.FORWARD_PRE: (
        "Before the module's forward, with its positional and its keyword inputs.\n\n"
        "    Returning (args, kwargs) replaces both; returning None observes."
    ),
    UserHookKind.FORWARD: (
        "After the module's forward, with its positional and its keyword inputs.\n\n"
        "    Returning a value replaces the output; returning None observes."
    ),
}
_BODIES = {
    UserHookKind.FORWARD_PRE: "return None",
    UserHookKind.FORWARD: "if report:\n        print(output.norm())\n    return None",
    UserHookKind.BACKWARD_PRE: "return tuple(None if g is None else g * scale for g in grad_output)",
    UserHookKind.BACKWARD: "return tuple(None if g is None else g * scale for g in grad_input)",
    UserHookKind.TENSOR: "return grad.clamp(-limit, limit)",
    UserHookKind.ACCUMULATED: "param.grad.clamp_(-limit, limit)",
}
_FIELDS = {
    UserHookKind.FORWARD: "report=True",
    UserHookKind.BACKWARD_PRE: "scale=1.0",
    UserHookKind.BACKWARD: "scale=1.0",
    UserHookKind.TENSOR: "limit=1.0",
    UserHookKind.ACCUMULATED: "limit=1.0",
}


def signature_of(kind: UserHookKind, *, with_kwargs: bool = False) -> str:
    """The positional arguments that torch calls a hook of this kind with: ``module, args, output``."""
    return _WITH_KWARGS.get(kind, _SIGNATURES[kind]) if with_kwargs else _SIGNATURES[kind]


def template_of(kind: UserHookKind, *, with_kwargs: bool = False) -> str:
    """The code of a new hook."""
    words = _WORDS_WITH_KWARGS.get(kind, _WORDS[kind]) if with_kwargs else _WORDS[kind]
    fields = f", *, {_FIELDS[kind]}" if kind in _FIELDS else ""
    signature = signature_of(kind, with_kwargs=with_kwargs)
    return f'def hook({signature}{fields}):\n    """{words}\n    """\n    {_BODIES[kind]}\n'
