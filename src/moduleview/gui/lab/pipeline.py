"""A pipeline as a person writes it: operations with the text in their fields, each of which can be switched off."""

from __future__ import annotations

from dataclasses import dataclass, field

from moduleview.telemetry.lab_pipelines import OperationSpec, PipelineStep


@dataclass
class DraftStep:
    """One operation of a pipeline.

    Attributes:
        operation: What it is.
        texts: What stands in its fields, by argument name; what is absent has its default.
        is_on: It takes part.
    """

    operation: OperationSpec
    texts: dict[str, str] = field(default_factory=dict)
    is_on: bool = True

    def text(self, name: str) -> str:
        """What stands in a field."""
        default = next((each.default for each in self.operation.arguments if each.name == name), "")
        return self.texts.get(name, default)


class Pipeline:
    """The steps in their order."""

    def __init__(self) -> None:
        self._steps: list[DraftStep] = []

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, place: int) -> DraftStep:
        return self._steps[place]

    def insert(self, place: int, operation: OperationSpec) -> None:
        """Put an operation in front of what stands at ``place``."""
        self._steps.insert(place, DraftStep(operation))

    def remove(self, place: int) -> None:
        """Take a step out."""
        del self._steps[place]

    def swap(self, place: int, other: int) -> None:
        """Let two steps change places."""
        self._steps[place], self._steps[other] = self._steps[other], self._steps[place]

    def set_text(self, place: int, name: str, text: str) -> None:
        """Type something into a field."""
        self._steps[place].texts[name] = text

    def set_on(self, place: int, is_on: bool) -> None:
        """Let a step take part, or not."""
        self._steps[place].is_on = is_on

    def places_on(self, end: int | None = None) -> list[int]:
        """Where the steps stand that take part, of the first ``end``."""
        return [place for place, step in enumerate(self._steps[:end]) if step.is_on]

    def messages(self, end: int | None = None) -> tuple[PipelineStep, ...]:
        """Those that take part, as the lab takes them."""
        chosen = (self._steps[place] for place in self.places_on(end))
        return tuple(PipelineStep(step.operation.name, dict(step.texts)) for step in chosen)

    @property
    def needs_source(self) -> bool:
        """It begins with something that needs a tensor."""
        first = next((step for step in self._steps if step.is_on), None)
        return first is None or first.operation.needs_input
