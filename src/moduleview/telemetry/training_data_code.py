"""The code that random training data stand for, as text: what the dialog shows before it is applied."""

from __future__ import annotations

import math

from moduleview.errors import TaskError
from moduleview.telemetry.commands import SetTrainingData
from moduleview.telemetry.number_words import shape_words

NO_PARAMETERS = "The model has no parameters, so there is nothing to train; it can be looked at only."
FLOAT_DTYPES = ("float32", "float64", "float16", "bfloat16")
INTEGER_DTYPES = ("int64", "int32")
DTYPES = FLOAT_DTYPES + INTEGER_DTYPES
CLASS_LOSSES = ("cross_entropy",)
VALUE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "binary_cross_entropy_with_logits")
MEAN_LOSS = "mean"
LOSSES = (*CLASS_LOSSES, *VALUE_LOSSES, MEAN_LOSS)
N_BATCHES = 8
SEED = 0
_ITEM_SIZES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2}
_MAX_GIB = 2  # of all batches together: they stay in memory while the model is open


def check_training_data(command: SetTrainingData) -> None:
    """Look whether random data can be made as asked.

    Raises:
        TaskError: They cannot; the sentence says what to change.
    """
    if not command.input_shapes:
        raise TaskError("There is no input shape; give one for each argument of forward, as 8 × 3 × 32 × 32.")
    if command.dtype not in DTYPES:
        raise TaskError(f"There are no random inputs of type {command.dtype!r}; choose one of: {', '.join(DTYPES)}.")
    _check_shapes(command)
    if command.loss not in LOSSES:
        raise TaskError(f"There is no loss {command.loss!r} to choose; choose one of: {', '.join(LOSSES)}.")
    if command.n_classes < 1:
        raise TaskError("The number of classes is below 1; give at least 1.")
    if not 0.0 < command.learning_rate < math.inf:
        raise TaskError("The learning rate is not positive and finite; give one such as 0.001.")


def preview_code(command: SetTrainingData) -> str:
    """Python that does what applying ``command`` does; it expects a ``model``.

    It defines ``batches`` (a list of (inputs, seed)), ``loss(outputs, seed)`` and ``optimizer``. Each batch carries the
    seed of its target instead of the target, since only the model's outputs tell which shape a target must have.

    Raises:
        TaskError: As ``check_training_data``.
    """
    check_training_data(command)
    draws = [f"        {_draw(shape, command)}," for shape in command.input_shapes]
    return "\n".join(
        [
            "import torch",
            "from torch.nn import functional as F",
            "",
            f"generator = torch.Generator().manual_seed({SEED})",
            "batches = [",
            "    ((",
            *draws,
            "    ), seed)",
            f"    for seed in range({N_BATCHES})",
            "]",
            "",
            "def loss(outputs, seed):",
            "    while not isinstance(outputs, torch.Tensor):  # the first tensor of a tuple, list or dict",
            "        outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))",
            *_loss_lines(command),
            "",
            f"optimizer = torch.optim.AdamW(model.parameters(), lr={command.learning_rate!r})",
            "",
        ]
    )


def _check_shapes(command: SetTrainingData) -> None:
    for shape in command.input_shapes:
        if any(size < 1 for size in shape):
            raise TaskError(f"The input shape {shape_words(shape)} has a size below 1; give sizes of at least 1.")
    n_bytes = N_BATCHES * _ITEM_SIZES[command.dtype] * sum(map(math.prod, command.input_shapes))
    if n_bytes > _MAX_GIB * 2**30:
        raise TaskError(f"The {N_BATCHES} batches would take more than {_MAX_GIB} GiB together; give smaller shapes.")


def _draw(shape: tuple[int, ...], command: SetTrainingData) -> str:
    if command.dtype in INTEGER_DTYPES:
        return f"torch.randint({command.n_classes}, {shape}, generator=generator, dtype=torch.{command.dtype})"
    return f"torch.randn({shape}, generator=generator).to(torch.{command.dtype})"


def _loss_lines(command: SetTrainingData) -> list[str]:
    if command.loss == MEAN_LOSS:
        return ["    return outputs.mean()"]
    draw = "    draw = torch.Generator().manual_seed(seed)"
    if command.loss in VALUE_LOSSES:
        return [
            draw,
            "    target = torch.rand(outputs.shape, generator=draw).to(outputs)",
            f"    return F.{command.loss}(outputs, target)",
        ]
    # Token models give (batch, length, classes), where F.cross_entropy wants the classes second.
    flatten = ["    outputs = outputs.flatten(0, -2)"] if command.dtype in INTEGER_DTYPES else []
    return [
        draw,
        *flatten,
        f"    n_classes = min({command.n_classes}, outputs.shape[1])",
        "    target = torch.randint(n_classes, (len(outputs), *outputs.shape[2:]), generator=draw)",
        f"    return F.{command.loss}(outputs, target.to(outputs.device))",
    ]
