"""The models that come with the program, as the welcome page shows them: read as text, neither imported nor run."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moduleview.resources import resource_path

LOSS_CURVES = "loss_curves.json"
_FAULTY_BEGINS = "Built badly on purpose"


@dataclass(frozen=True, eq=False)
class Sample:
    """One model to try.

    Attributes:
        path: The Python file.
        summary: First paragraph of its docstring.
        is_faulty: Its docstring says that it was built badly on purpose.
        losses: (n,) float32, the loss of each of its first steps, as ``tests/benchmarks/record_sample_losses.py`` saw
            it; NaN where it was not finite. Empty where nothing was recorded.
        n_parameters: Counted once each; None where nothing was recorded.
    """

    path: Path
    summary: str
    is_faulty: bool
    losses: NDArray[np.float32]
    n_parameters: int | None

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem


def load_samples() -> tuple[Sample, ...]:
    """All samples, by name."""
    folder = resource_path("samples")
    recorded = _read_recorded(folder / LOSS_CURVES)
    return tuple(_read_sample(path, recorded.get(path.stem, {})) for path in sorted(folder.glob("[!_]*.py")))


def _read_sample(path: Path, recorded: dict[str, object]) -> Sample:
    docstring = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    summary = docstring.split("\n\n")[0].replace("\n", " ")
    losses = recorded.get("losses", [])
    n_parameters = recorded.get("n_parameters")
    return Sample(
        path=path,
        summary=summary,
        is_faulty=summary.startswith(_FAULTY_BEGINS),
        losses=_losses(losses if isinstance(losses, list) else []),
        n_parameters=n_parameters if isinstance(n_parameters, int) else None,
    )


def _losses(values: Sequence[float | None]) -> NDArray[np.float32]:
    """JSON knows no NaN: a loss that was not finite is null there."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float32)


def _read_recorded(file: Path) -> dict[str, dict[str, object]]:
    if not file.exists():
        return {}
    read: dict[str, dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))
    return read
