"""Where a module keeps its tables, read without asking it: an attribute may be computed, a table is not."""

from __future__ import annotations

from typing import Any

from torch import nn

_INSIDE_TRACED = "_actual_script_module"  # of what torch.jit.trace returns, in torch 2.4 to 2.13


def attributes_of(module: nn.Module) -> dict[str, Any]:
    """The ``__dict__`` that holds ``_modules``, ``_parameters`` and ``_buffers``. Training thread only.

    What ``torch.jit.trace`` returns has none of them: it passes everything on to a ScriptModule that it holds.
    """
    own = module.__dict__
    if "_modules" in own:
        return own
    inside = own.get(_INSIDE_TRACED)
    return inside.__dict__ if isinstance(inside, nn.Module) else own
