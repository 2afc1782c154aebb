"""The frozen copies of tensors, and what was asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moduleview.telemetry.book import Book
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_pipelines import OperationsListed, PipelineAnswered
from moduleview.telemetry.lab_tensors import (
    FrozenTensor,
    LabMemory,
    LabRefused,
    TensorAwaited,
    TensorDropped,
    TensorTaken,
)

N_ANSWERS = 256  # a panel reads an answer within some frames


class LabBook(Book[LabRecord]):
    """What panels read of the lab.

    Attributes:
        operations: The catalogue, once it was asked for; it is the same for all models.
        pipeline: What the last pipeline gave.
        memory: What the lab holds.
    """

    def __init__(self) -> None:
        self.operations: OperationsListed | None = None
        super().__init__()

    def clear(self) -> None:
        """Begin empty; the catalogue stays."""
        self._tensors: dict[int, FrozenTensor] = {}
        self._awaited: dict[int, TensorAwaited] = {}
        self._answers: dict[int, LabRecord] = {}
        self.pipeline: PipelineAnswered | None = None
        self.memory = LabMemory(0, 0, 0)

    @property
    def tensors(self) -> Mapping[int, FrozenTensor]:
        """The frozen copies by id, the oldest first."""
        return MappingProxyType(self._tensors)

    @property
    def awaited(self) -> Mapping[int, TensorAwaited]:
        """Requests for copies that are not there yet."""
        return MappingProxyType(self._awaited)

    def answer(self, request: int) -> LabRecord | None:
        """What answered a request: ``TensorTaken``, ``LabRefused``, a view, ...; None as long as nothing did.

        The newest 256 are kept.
        """
        return self._answers.get(request)

    def refusal(self, request: int) -> str:
        """Why a request could not be done; "" where it could, or is not answered yet."""
        answer = self._answers.get(request)
        return answer.reason if isinstance(answer, LabRefused) else ""

    def keep(self, record: LabRecord) -> None:
        """Keep the newest answer to each request."""
        match record:
            case TensorAwaited():
                self._awaited[record.request] = record
                return
            case TensorDropped():
                self._tensors.pop(record.tensor_id, None)
                return
            case LabMemory():
                self.memory = record
                return
            case OperationsListed():
                self.operations = record
                return
            case TensorTaken():
                self._tensors[record.tensor.tensor_id] = record.tensor
            case PipelineAnswered():
                self.pipeline = record
            case _:
                pass
        self._awaited.pop(record.request, None)
        self._answers.pop(record.request, None)
        self._answers[record.request] = record
        if len(self._answers) > N_ANSWERS:
            del self._answers[next(iter(self._answers))]
