"""``moduleview inspect TARGET [--json]``: prints the snapshot of a model, without a window."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout

from moduleview.engine.opening import open_target
from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.snapshot_json import snapshot_to_dict
from moduleview.telemetry.snapshot_text import snapshot_to_text


def run_inspect(target: str, as_json: bool) -> int:
    """Load ``target``, print its tree on stdout, and give the exit status.

    What the target's own code prints meanwhile goes to stderr, so that stdout is the answer and nothing else.

    Args:
        target: As ``load_target`` takes it.
        as_json: JSON instead of a table.

    Raises:
        ModuleViewError: There is no model, or the task in it is not what it must be.
    """
    with redirect_stdout(sys.stderr):
        snapshot = snapshot_model(open_target(target).model)
    text = json.dumps(snapshot_to_dict(snapshot), indent=1) if as_json else snapshot_to_text(snapshot)
    sys.stdout.write(text + "\n")
    return 0
