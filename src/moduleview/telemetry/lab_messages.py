"""The tensor lab: what may be asked about frozen copies of tensors, and what comes back.

All but ``TakeTensor`` is answered on the lab's own thread, also while a long step is made.
"""

from __future__ import annotations

from moduleview.telemetry.lab_pipelines import (
    OperationsListed,
    PictureAnswered,
    PipelineAnswered,
    RequestOperations,
    RequestPicture,
    RunPipeline,
)
from moduleview.telemetry.lab_tensors import (
    CancelLab,
    CheckpointListed,
    DropTensor,
    KeepResult,
    LabMemory,
    LabRefused,
    ListCheckpoint,
    ListTensors,
    TakeFromCheckpoint,
    TakeTensor,
    TensorAwaited,
    TensorDropped,
    TensorTaken,
)
from moduleview.telemetry.lab_views import (
    HistogramAnswered,
    ImageAnswered,
    RequestHistogram,
    RequestImage,
    RequestSpectrum,
    RequestStatistics,
    RequestTile,
    SpectrumAnswered,
    StatisticsAnswered,
    TileAnswered,
)

ViewRequest = RequestTile | RequestImage | RequestHistogram | RequestSpectrum | RequestStatistics
"""A look at one frozen copy, or at one tensor that the last pipeline gave."""

BenchCommand = (
    DropTensor
    | KeepResult
    | ListTensors
    | CancelLab
    | ListCheckpoint
    | TakeFromCheckpoint
    | RequestOperations
    | RunPipeline
    | RequestPicture
    | ViewRequest
)
"""What needs no safe point: it is about frozen copies only."""

LabCommand = TakeTensor | BenchCommand

LabAnswer = TileAnswered | ImageAnswered | HistogramAnswered | SpectrumAnswered | StatisticsAnswered
"""What a view gives."""

LabRecord = (
    TensorTaken
    | TensorAwaited
    | TensorDropped
    | LabMemory
    | CheckpointListed
    | LabRefused
    | OperationsListed
    | PipelineAnswered
    | PictureAnswered
    | LabAnswer
)
