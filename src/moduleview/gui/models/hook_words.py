"""What the Hooks tab says of the kinds of hooks: names, explanations, what one sees and costs, why one cannot fire."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import QObject

from moduleview.gui.look import number_format
from moduleview.gui.models.fire_words import fires_words
from moduleview.gui.models.hook_rows import HookTarget
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import HookEntry, HookForecast, HookKind, HookStatus
from moduleview.telemetry.snapshot import ModuleTrait

_SAMPLE = re.compile(r"sample of (\d+) in (\d+)")


class HookWords(QObject):
    """Words only; a QObject for ``tr``."""

    def kind(self, kind: HookKind) -> str:
        """Name of a kind."""
        return {
            HookKind.FORWARD_PRE: self.tr("Forward pre"),
            HookKind.FORWARD: self.tr("Forward"),
            HookKind.BACKWARD_PRE: self.tr("Backward pre"),
            HookKind.FULL_BACKWARD: self.tr("Full backward"),
            HookKind.BACKWARD: self.tr("Backward"),
            HookKind.TENSOR: self.tr("Tensor"),
            HookKind.POST_ACCUMULATE: self.tr("Post-accumulate"),
            HookKind.STATE_DICT: self.tr("State dict"),
            HookKind.LOAD_STATE_DICT: self.tr("Load state dict"),
            HookKind.STEP_PRE: self.tr("Optimizer step pre"),
            HookKind.STEP_POST: self.tr("Optimizer step post"),
        }[kind]

    def target(self, target: HookTarget) -> str:
        """Name of a hook; one of a parameter's has the parameter's own name in it."""
        return (
            f"{self.kind(target.kind)} · {displayable(target.parameter)}"
            if target.parameter
            else self.kind(target.kind)
        )

    def forecast(self, forecast: HookForecast) -> str:
        """What a hook would meet; one that would be refused says so first."""
        return self.tr("Would be refused: {0}").format(forecast.reason) if forecast.is_refused else forecast.reason

    def explanation(self, kind: HookKind) -> str:
        """What a tick would measure, and how."""
        return {
            HookKind.FORWARD_PRE: self.tr("Sees the inputs, before forward runs."),
            HookKind.FORWARD: self.tr("Sees the outputs of forward."),
            HookKind.BACKWARD_PRE: self.tr(
                "Sees the gradient at the outputs by torch's own full-backward-pre hook. That one breaks in-place "
                "operations on the outputs and is refused where it would; the reason then stands here. "
                "It also changes the order in which torch adds gradients up, and by that their last digits. "
                "Backward sees the same without these dangers."
            ),
            HookKind.BACKWARD: self.tr(
                "Sees the gradient at the outputs by a hook on the output tensor: safe with in-place operations. "
                "Before a later in-place operation it is the gradient of the value before it."
            ),
            HookKind.FULL_BACKWARD: self.tr(
                "Sees the gradient at the inputs by torch's own full-backward hook, refused where it would break "
                "the training; the reason then stands here. Like backward pre it changes the order in which torch adds "
                "gradients up, and by that their last digits."
            ),
            HookKind.TENSOR: self.tr("Sees the gradient of each backward pass, before it is accumulated."),
            HookKind.POST_ACCUMULATE: self.tr(
                "Sees the gradient as accumulated so far, after each backward pass: scaled under mixed precision, and "
                "not yet reduced over ranks."
            ),
            HookKind.STATE_DICT: self.tr(
                "Counts how often the state of this module is taken, and how long that takes."
            ),
            HookKind.LOAD_STATE_DICT: self.tr(
                "Counts how often state is loaded into this module, and how long that takes."
            ),
            HookKind.STEP_PRE: self.tr("Counts the steps that an optimizer of these parameters begins."),
            HookKind.STEP_POST: self.tr(
                "Counts the steps that an optimizer of these parameters has made, and times them."
            ),
        }[kind]

    def note(self, entry: HookEntry | None) -> str:
        """The line below a hook: what it saw and what it costs, or why it does not run; "" when it is off."""
        if entry is None:
            return ""
        if entry.status is HookStatus.REQUESTED:
            return self.tr("requested: applies at the next safe point")
        cannot_fire = entry.status is HookStatus.CANNOT_FIRE  # any more, where it has fired before
        if entry.status is HookStatus.FAILED or (cannot_fire and not entry.n_fires):
            return entry.reason
        if not entry.n_fires:
            return self.tr("on: has not fired yet")
        parts = [_SAMPLE.sub(_with_separators, entry.seen), fires_words(entry.n_fires)]
        if math.isfinite(entry.us_per_fire):
            parts.append(self.tr("{0} µs").format(number_format.plain(entry.us_per_fire, 3)))
        if entry.every > 1 and not cannot_fire:
            parts.append(self.tr("looks at 1 step in {0}").format(number_format.exact_count(entry.every)))
        text = " · ".join(part for part in parts if part)
        return f"{text}. {entry.reason}" if entry.reason else text

    def never_fires(self, trait: int) -> str:
        """Why no hook of this module can fire, "" where they can."""
        return {
            int(ModuleTrait.CONTAINER): self.tr("A container is never called itself; tick the modules in it."),
            int(ModuleTrait.SCRIPT): self.tr("A ScriptModule refuses hooks."),
        }.get(trait, "")

    def column(self, column: int) -> str:
        """Header."""
        headers = (
            self.tr("Hook"),
            self.tr("Mean"),
            self.tr("Std"),
            self.tr("Max"),
            self.tr("Zeros"),
            self.tr("NaN"),
        )
        return headers[column]

    def column_tip(self, column: int) -> str:
        """What the column says."""
        tips = (
            self.tr("Tick a hook to see what passes through this module"),
            self.tr("Mean of the elements, newest step; of a sample of 4,096 where the tensor has more"),
            self.tr("Standard deviation of the elements, or of the sample"),
            self.tr("Largest magnitude; in the sample, which is another one at each step, where there is one"),
            self.tr("Share of elements that are exactly zero, or of those in the sample"),
            self.tr(
                "Number of elements that are NaN or Inf; estimated from the sample where there is one, and on the CPU "
                "counted in all of them in a step whose loss is NaN or Inf"
            ),
        )
        return tips[column]


def _with_separators(sample: re.Match[str]) -> str:
    """``sample of 4,096 in 2,097,152``."""
    part, whole = (number_format.exact_count(int(count)) for count in sample.groups())
    return f"sample of {part} in {whole}"
