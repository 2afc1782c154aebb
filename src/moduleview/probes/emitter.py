"""What was measured on its way out: named, copied to the host once a step, and put when it has arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from moduleview.probes.base import Measured
from moduleview.probes.gradient_station import FUSED_SKIPPED, Gradients
from moduleview.probes.series_ids import RowName, SeriesIds
from moduleview.probes.step_values import Block, Layout, SentStep, StepValues
from moduleview.telemetry.histograms import HistogramsMeasured
from moduleview.telemetry.quantities import Scope
from moduleview.telemetry.records import Record, SeriesTraits
from moduleview.telemetry.step_outcome import StepSkipped


@dataclass(frozen=True, eq=False)
class _SentHistograms:
    quantity: str
    fqns: tuple[str, ...]
    counts: Block
    group: int


class Emitter:
    """Gathers one step's values and emits them. Training thread only.

    On CUDA nothing is waited for: a step is emitted when its copies have arrived, one step later as a rule.

    Args:
        put: Takes the records.
        rank: Of this process.
    """

    def __init__(self, put: Callable[[Record], None], rank: int) -> None:
        self._put = put
        self._rank = rank
        self._ids = SeriesIds(put, rank)
        self._values = StepValues()
        self._layout = Layout()
        self._provisional_group = 0
        self._histograms: list[_SentHistograms] = []
        self._sent: deque[tuple[SentStep, list[_SentHistograms]]] = deque()

    def begin_step(self) -> None:
        """A step begins; what an abandoned one left is dropped."""
        self._values = StepValues()
        self._provisional_group = 0
        self._histograms = []

    def new_group(self, gradients: Gradients) -> int:
        """A group for what is measured of these gradients; it is void when a device says that the step was left out.

        What was measured while nobody knew whether an optimizer would say more is forgotten when one does.
        """
        if self._provisional_group:
            self._values.drop_group(self._provisional_group)
        group = self._values.new_group(void_if=gradients.found_inf, is_doubtful=not gradients.is_certain)
        self._provisional_group = group if gradients.optimizer is None else 0
        return group

    def add(
        self,
        quantity: str,
        measured: Measured,
        group: int = 0,
        scope_of: Callable[[str, str], Scope] | None = None,
    ) -> None:
        """Take values of a quantity.

        Args:
            quantity: Its name.
            measured: Values or histograms.
            group: Of ``new_group``; 0 counts always.
            scope_of: Scope of a series, by quantity and FQN; all are global where it is not given.
        """
        if measured.values.dim() > 1:
            counts = self._values.add_block(measured.values)
            self._histograms.append(_SentHistograms(quantity, measured.fqns, counts, group))
            return

        def traits_of(fqn: str) -> SeriesTraits:
            return SeriesTraits(Scope.GLOBAL if scope_of is None else scope_of(quantity, fqn), measured.is_sampled)

        ids = self._ids.ids_of(quantity, measured.fqns, measured.part, traits_of)
        self._values.add(ids, measured.values, group)

    def add_rows(self, names: Sequence[RowName], columns: Sequence[str], table: torch.Tensor) -> None:
        """Take a table of values: the quantity of row i and column k is ``f"{names[i].prefix}.{columns[k]}"``.

        Args:
            names: n names; the same ones in each step cost least.
            columns: k names.
            table: (n, k) float32.
        """
        self._values.add(self._ids.ids_of_rows(names, columns), table.reshape(-1))

    def add_number(self, quantity: str, fqn: str, value: float) -> None:
        """Take one value that the host knows."""
        self._values.add_number(self._ids.ids_of(quantity, (fqn,)), value)

    def send(self, step: int, time_s: float, *, wait: bool = False) -> None:
        """The step is over: start the copies, and ``wait`` for them where somebody needs them now."""
        sent = self._values.send(self._rank, step, time_s, self._layout)
        self._sent.append((sent, self._histograms))
        self.begin_step()
        self._ids.declare()
        self.emit_arrived(wait=wait)

    def emit_arrived(self, *, wait: bool = False) -> None:
        """Put what has arrived on the host, in the steps' order.

        Args:
            wait: For everything that is under way.
        """
        while self._sent and (wait or self._sent[0][0].has_arrived()):
            sent, histograms = self._sent.popleft()
            record, was_skipped = sent.record()
            self._put(record)
            if was_skipped:
                self._put(StepSkipped(self._rank, sent.step, FUSED_SKIPPED))
            for one in histograms:
                if sent.is_void(one.group):
                    continue
                counts = sent.block(one.counts).astype(np.uint16)
                self._put(HistogramsMeasured(self._rank, sent.step, one.quantity, one.fqns, counts))

    def drop(self) -> None:
        """The device failed, and what is under way is lost with it."""
        self._sent.clear()
