"""What a person writes to say what trains: a model, and how one step of its training goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from moduleview.introspect.constructions import Constructions


@dataclass(eq=False)
class TrainingTask:
    """A model and what it takes to train it. Only ``model`` is needed to look at it.

    The usual way is to give an optimizer, batches and a loss; one step is then::

        optimizer.zero_grad()
        loss(model(inputs), target).backward()
        optimizer.step()

    Where that does not fit (several optimizers, gradient accumulation, mixed precision, a GAN), give ``step``: a
    callable that does one whole training step and returns its loss.

    Example, a file that ``moduleview digits.py`` opens::

        def task() -> TrainingTask:
            model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            return TrainingTask(model, optimizer, batches=DataLoader(...), loss=nn.functional.cross_entropy)

    Attributes:
        model: What is looked at and trained.
        optimizer: Made over the model's parameters. Not needed with ``step``.
        batches: Any iterable of batches; gone through again from the start when it ends, if it can be (a list, a
            ``DataLoader``). An iterator or generator can be gone through once, and training ends with it. A batch is

            - ``(inputs, target)``, a tuple or list of two. ``inputs`` goes to the model as ``model(inputs)``; a tuple
              or list as ``model(*inputs)``, a dict as ``model(**inputs)``. To hand over a list as one argument, put it
              into a tuple: ``((images,), target)``.
            - a dict, as Hugging Face's models take them: the entries that ``forward`` has arguments for are given to
              it by name.

            Tensors in a batch are moved to the model's device; anything else is passed as it is.
        loss: ``loss(outputs, target)`` for pairs, ``loss(outputs, batch)`` for dicts; gives a tensor of one element.
            None with dicts means that the model computes it: ``outputs.loss`` or ``outputs["loss"]``.
        step: Does one whole training step and returns its loss as a tensor of one element or a number. Called without
            arguments, or with each batch when ``batches`` are given. Excludes ``loss``.
        title: Short name to show; the model's class name by default.
        constructions: Filled by moduleview as the target opens: which lines made the parts.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer | None = None
    batches: Iterable[Any] | None = None
    loss: Callable[[Any, Any], torch.Tensor] | None = None
    step: Callable[..., torch.Tensor | float] | None = None
    title: str | None = None
    constructions: Constructions = field(default_factory=Constructions, init=False, repr=False)
