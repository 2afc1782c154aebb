"""S12: train and eval mixed inside one tree, BatchNorm fed one value a channel, dropout that eval does not end."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import ClassVar

from torch import nn

from moduleview.introspect.checked_run import CheckedRun, is_torchs
from moduleview.introspect.finding_words import Words, counted, first_names
from moduleview.introspect.module_report import written_class
from moduleview.introspect.registrations import RegisteredModule
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.introspect.written_calls import changed_call
from moduleview.telemetry.records import Finding, Severity


class MixedModes(StructureCheck):
    """Reads the ``training`` flags of what depends on them, dropout and batch norm, and what steps have shown.

    Something in eval inside a model that trains is information: a backbone's batch norm is often held so. Where it has
    nothing to train it is in order.
    """

    id: ClassVar[str] = "S12"
    name: ClassVar[str] = "Train and eval mixed"
    explanation: ClassVar[str] = (
        "Dropout and batch norm do something else in training than in evaluation. What is left in the wrong mode makes "
        "a prediction random, or keeps statistics from being learned."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        return [*self._modes(run), *self._functional_dropouts(run), *self._in_steps(run)]

    def _modes(self, run: CheckedRun) -> Iterator[Finding]:
        odd = [entry for entry in run.entries if _is_in_other_mode(entry.module, run.model)]
        if run.model.training:
            odd = [entry for entry in odd if _has_trainable(run, entry)]
        if not odd:
            return
        names = [entry.fqn for entry in odd]
        if run.model.training:
            words = Words(
                "Parts in eval mode",
                "Dropout or batch norm is in eval mode inside a model that is in training mode, beside parameters that "
                "are trained.",
                "Nothing to do where it is meant, as for the statistics of a pretrained backbone.",
                "model.train()  # before each epoch: an evaluation may have left a part in eval mode",
            )
            yield self._finding(run, Severity.INFORMATION, names, words)
            return
        words = Words(
            "Active in eval mode",
            "Dropout or batch norm is in training mode inside a model that is in eval mode: what the model returns is "
            "random, or changes its statistics.",
            "Call eval() on the whole model after its last part was added.",
            "model.eval()",
        )
        yield self._finding(run, Severity.WARNING, names, words)

    def _functional_dropouts(self, run: CheckedRun) -> Iterator[Finding]:
        seen: set[type] = set()
        for entry in run.entries:
            cls = written_class(type(entry.module))
            if cls in seen or is_torchs(cls):
                continue
            seen.add(cls)
            names = vars(sys.modules.get(cls.__module__, sys))
            for source, call, code in run.sources.functional_dropouts(cls):
                if (
                    getattr(call.func, "value", None) is not None
                    and code.startswith("F.")
                    and (names.get("F") is not nn.functional)
                ):
                    continue
                words = Words(
                    "Dropout active in eval mode",
                    f"{cls.__name__} calls {code or 'F.dropout'} without training=: it drops in eval mode too.",
                    "Say whether it trains, or use nn.Dropout.",
                    f"{code[:-1]}, training=self.training)" if code else "F.dropout(x, p, training=self.training)",
                )
                yield self._finding(run, Severity.WARNING, [entry.fqn], words, source)

    def _in_steps(self, run: CheckedRun) -> Iterator[Finding]:
        if run.steps is None:
            return
        fqns = run.module_fqns
        for identity, shape in run.steps.narrow_norms.items():
            words = Words(
                "One value a channel",
                f"A batch norm in training got an input of shape {shape}: one value a channel, whose variance is none.",
                "Use batches of two and more (drop_last=True leaves the short one out), or another normalisation.",
                _without_batches_of_one(run, fqns.get(identity, "")),
            )
            yield self._finding(run, Severity.ERROR, [fqns.get(identity, "")], words)
        if run.steps.trained_in_eval:
            names = [entry.fqn for entry in run.entries if _depends_on_mode(entry.module) and not entry.module.training]
            if names:
                words = Words(
                    "Trained in eval mode",
                    "The steps were made while the model is in eval mode: dropout does nothing, and batch norm keeps "
                    "its statistics.",
                    "Call train() before training; what from_pretrained() gives is in eval mode.",
                    "model.train()",
                )
                yield self._finding(run, Severity.INFORMATION, names, words)

    def _finding(
        self, run: CheckedRun, severity: Severity, names: list[str], words: Words, source: str = ""
    ) -> Finding:
        evidence = (f"{counted(len(names), 'module')}:", *first_names([name or "the model" for name in names]))
        return self.found(severity, names[0], words, evidence, source or run.source_of(names[0]))


def _without_batches_of_one(run: CheckedRun, fqn: str) -> str:
    """The line of the only data loader, which drops what is left over; and a norm that takes one value a channel."""

    def change(call: ast.Call) -> bool:
        call.keywords = [keyword for keyword in call.keywords if keyword.arg != "drop_last"]
        call.keywords.append(ast.keyword("drop_last", ast.Constant(value=True)))
        return True

    loaders = run.constructions.data_loaders()
    loader = changed_call(run.sources, loaders[0], "loader", change) if len(loaders) == 1 else ""
    module = run.model.get_submodule(fqn)
    n_channels = getattr(module, "num_features", 1)
    norm = f"{run.expression_of(fqn)} = nn.GroupNorm(1, {n_channels})"
    return f"{loader}\n# or:\n{norm}" if loader else norm


def _depends_on_mode(module: nn.Module) -> bool:
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return module.p > 0
    return isinstance(module, nn.modules.batchnorm._BatchNorm)


def _is_in_other_mode(module: nn.Module, model: nn.Module) -> bool:
    return _depends_on_mode(module) and module.training is not model.training


def _has_trainable(run: CheckedRun, entry: RegisteredModule) -> bool:
    """A batch norm's own parameters; for dropout, those of the module that holds it, and of what stands below."""
    if entry.parameters:
        return any(parameter.requires_grad for _, parameter in entry.parameters)
    owner = entry.fqn.rpartition(".")[0]
    prefix = f"{owner}." if owner else ""
    return any(parameter.requires_grad and fqn.startswith(prefix) for fqn, parameter in run.parameters.values())
