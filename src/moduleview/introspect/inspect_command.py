"""``moduleview inspect TARGET [--json]``: prints the snapshot of a model, without a window."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import TextIO

from torch import nn

from moduleview.errors import TargetError
from moduleview.introspect.loaders.resolve import load_target
from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.snapshot_json import snapshot_to_dict
from moduleview.telemetry.snapshot_text import snapshot_to_text


def run_inspect(target: str, task_type: type, as_json: bool) -> int:
    """Load ``target``, print its tree on stdout, and give the exit status.

    What the target's own code prints meanwhile goes to stderr, so that stdout is the answer and nothing else.

    Args:
        target: As ``load_target`` takes it.
        task_type: Something with a ``model`` (``TrainingTask``, which stands a layer higher).
        as_json: JSON instead of a table.

    Raises:
        TargetError: There is no model.
    """
    with redirect_stdout(sys.stderr):
        model = _model_of(load_target(target, accepts=(nn.Module, task_type)))
        snapshot = snapshot_model(model)
    if as_json:
        _write_json(snapshot_to_dict(snapshot), sys.stdout)
    else:
        sys.stdout.write(snapshot_to_text(snapshot) + "\n")
    return 0


def _model_of(made: object) -> nn.Module:
    if isinstance(made, nn.Module):
        return made
    model = getattr(made, "model", None)
    if not isinstance(model, nn.Module):
        kind = type(made).__name__
        raise TargetError(f"The {kind}'s model is a {type(model).__name__}, not an nn.Module; give it one.")
    return model


def _write_json(content: dict[str, object], out: TextIO) -> None:
    json.dump(content, out, indent=1, ensure_ascii=True)
    out.write("\n")
