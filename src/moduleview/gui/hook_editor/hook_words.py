"""What the hook editor says: kinds, states, the results of dry runs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PySide6.QtCore import QObject

from moduleview.gui.look import number_format
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.number_words import significant
from moduleview.telemetry.user_hooks_messages import (
    HookCall,
    HookProblem,
    TensorChange,
    UserHookChanged,
    UserHookKind,
    UserHookState,
    UserHookTried,
)

_LONGEST_PLACE = 60


class HookWords(QObject):
    """Translated."""

    def kind(self, kind: UserHookKind) -> str:
        """As the list of kinds has it."""
        return {
            UserHookKind.FORWARD_PRE: self.tr("Forward pre"),
            UserHookKind.FORWARD: self.tr("Forward"),
            UserHookKind.BACKWARD_PRE: self.tr("Full backward pre"),
            UserHookKind.BACKWARD: self.tr("Full backward"),
            UserHookKind.TENSOR: self.tr("Tensor (gradient)"),
            UserHookKind.ACCUMULATED: self.tr("Post accumulate grad"),
        }[kind]

    def state(self, state: UserHookState) -> str:
        """One word."""
        return {
            UserHookState.OFF: self.tr("Off"),
            UserHookState.LIVE: self.tr("Live"),
            UserHookState.FAILED: self.tr("Failed"),
            UserHookState.LOST: self.tr("Lost"),
        }[state]

    def status(self, changed: UserHookChanged | None, *, is_edited: bool) -> str:
        """A sentence or two on how it stands with a hook."""
        if changed is None:
            return self.tr("Off. A dry run shows what it would do.")
        step = number_format.exact_count(changed.step)
        if changed.state is UserHookState.FAILED:
            return self.tr("Taken off at step {0}; training goes on without it.").format(step)
        if changed.state is UserHookState.OFF:
            return self.tr("It did not go live.") if changed.problem is not None else self.tr("Off.")
        calls = number_format.exact_count(changed.n_calls)
        text = self.tr("Live, calls so far: {0}").format(calls)
        if changed.n_calls:
            replaced = number_format.exact_count(changed.n_replaced)
            us = significant(changed.us_per_call, 3)
            text = self.tr("Live, calls: {0}, of which {1} replaced a value; {2} µs a call").format(calls, replaced, us)
        parts = [f"{text}.", changed.note]
        if is_edited:
            parts.append(self.tr("What runs is the text from before your edits."))
        return " ".join(part for part in parts if part)

    def problem(self, problem: HookProblem) -> str:
        """With its line."""
        message = displayable(problem.message, 600)
        return message if problem.line is None else self.tr("Line {0}: {1}").format(problem.line, message)

    def tried(self, tried: UserHookTried) -> str:
        """The result of a dry run, line by line."""
        return "\n".join(self._tried(tried))

    def _tried(self, tried: UserHookTried) -> Iterator[str]:
        step = number_format.exact_count(tried.step)
        ms = significant(tried.took_s * 1e3, 3)
        yield self.tr("Dry run after {0} steps, on a copy: {1} ms, calls: {2}").format(step, ms, tried.n_calls)
        if tried.problem is not None:
            yield self.problem(tried.problem)
        for number, call in enumerate(tried.calls, start=1):
            yield from self._call(number, call)
        if tried.n_calls > len(tried.calls) > 0:
            yield self.tr("... calls more: {0}").format(tried.n_calls - len(tried.calls))
        yield from tried.notes
        if tried.printed:
            yield self.tr("Printed:")
            yield tried.printed.rstrip("\n")
        if tried.problem is not None and tried.problem.traceback:
            yield tried.problem.traceback

    def _call(self, number: int, call: HookCall) -> Iterator[str]:
        us = significant(call.us, 3)
        said = self.tr("Call {0}: replaces, {1} µs") if call.replaces else self.tr("Call {0}: returns None, {1} µs")
        yield said.format(number, us)
        for change in call.tensors:
            yield f"  {self._tensor(change, call.replaces)}"

    def _tensor(self, change: TensorChange, replaces: bool) -> str:
        place = f"{displayable(change.place, _LONGEST_PLACE)} " if change.place else ""
        before = f"{place}{change.before or number_format.NO_VALUE}"
        if not change.after:
            norm = "" if math.isnan(change.norm_before) else self.tr(", norm {0}").format(_norm(change.norm_before))
            return f"{before}{norm}" if not replaces else self.tr("{0}: nothing returned for it").format(before)
        forms = before if change.after == change.before else f"{before} → {change.after}"
        text = self.tr("{0}, norm {1} → {2}").format(forms, _norm(change.norm_before), _norm(change.norm_after))
        if change.norm_before and math.isfinite(change.norm_after / change.norm_before):
            text += self.tr(" (× {0})").format(significant(change.norm_after / change.norm_before, 3))
        if change.n_non_finite:
            text += self.tr(", {0} NaN or Inf").format(number_format.exact_count(change.n_non_finite))
        return text if replaces else self.tr("{0}, changed in place").format(text)


def _norm(value: float) -> str:
    return number_format.NO_VALUE if math.isnan(value) else significant(value, 4)
