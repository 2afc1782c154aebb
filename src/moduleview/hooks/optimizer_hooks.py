"""Counts the steps of the optimizers that hold a model's parameters, by torch's hooks for every optimizer."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.ticked import Ticked
from moduleview.telemetry.hooks import HookKind


class OptimizerHooks:
    """Nothing is put on the optimizers, which are copied and saved as they were. Training thread only.

    On from ``attach`` to ``detach``, ticked or not: a step may end, and what was ticked in it be put on, within a hook
    of the optimizer's, and torch raises where its table of them changes meanwhile.
    """

    def __init__(self) -> None:
        self._ticked: list[Ticked] = []
        self._handles: tuple[RemovableHandle, ...] = ()
        self._parameters: frozenset[int] = frozenset()
        self._is_known: weakref.WeakKeyDictionary[Optimizer, bool] = weakref.WeakKeyDictionary()
        self._began_s = 0.0
        self._pid = os.getpid()

    def bind(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Count the optimizers that hold one of these from now on."""
        self._parameters = frozenset(map(id, parameters.values()))
        self._is_known.clear()

    def attach(self) -> None:
        """Put the two global hooks on."""
        if not self._handles:
            self._handles = (
                register_optimizer_step_pre_hook(self._on_step),
                register_optimizer_step_post_hook(self._on_stepped),
            )

    def detach(self) -> None:
        """Take them off."""
        for handle in self._handles:
            handle.remove()
        self._handles = ()

    def put_on(self, ticked: Ticked) -> None:
        """Count for it too."""
        self._ticked.append(ticked)
        ticked.is_armed = True

    def take_off(self, ticked: Ticked) -> None:
        """Count for it no longer."""
        if ticked in self._ticked:
            self._ticked.remove(ticked)
            ticked.is_armed = False

    def _on_step(self, optimizer: Optimizer, *_: Any) -> None:
        if self._is_counted(optimizer):
            self._began_s = time.perf_counter()
            self._count(HookKind.STEP_PRE, f"{type(optimizer).__name__}.step()", self._began_s)

    def _on_stepped(self, optimizer: Optimizer, *_: Any) -> None:
        if self._is_counted(optimizer):
            now_s = time.perf_counter()
            took_ms = (now_s - self._began_s) * 1e3
            self._count(HookKind.STEP_POST, f"{type(optimizer).__name__}.step() took {took_ms:.3g} ms", now_s)

    def _count(self, kind: HookKind, seen: str, now_s: float) -> None:
        for ticked in self._ticked:
            if ticked.kind is kind:
                ticked.count(seen, now_s)

    def _is_counted(self, optimizer: Optimizer) -> bool:
        if torch.compiler.is_compiling() or not self._ticked:
            return False
        return os.getpid() == self._pid and self._holds_ours(optimizer)

    def _holds_ours(self, optimizer: Optimizer) -> bool:
        known = self._is_known.get(optimizer)
        if known is None:
            held = (id(parameter) for group in optimizer.param_groups for parameter in group["params"])
            known = self._is_known[optimizer] = any(parameter in self._parameters for parameter in held)
        return known
