"""What a quantity is called on the screen: ``backward.zero_share`` reads "output gradient, share of zeros"."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.quantities import GRAD_NORM, WEIGHT_NORM


class QuantityWords(QObject):
    """Words only; a QObject for ``tr``."""

    def name(self, quantity: str) -> str:
        """In words; a quantity of somebody else's probe keeps its own name."""
        seen, _, statistic = quantity.partition(".")
        if seen in list(HookKind) and statistic in self._statistics():
            return f"{self._seen(HookKind(seen))}, {self._statistics()[statistic]}"
        return {GRAD_NORM: self.tr("gradient norm"), WEIGHT_NORM: self.tr("weight norm")}.get(quantity, quantity)

    def _seen(self, kind: HookKind) -> str:
        return {
            HookKind.FORWARD_PRE: self.tr("input"),
            HookKind.FORWARD: self.tr("output"),
            HookKind.BACKWARD_PRE: self.tr("output gradient (torch's hook)"),
            HookKind.BACKWARD: self.tr("output gradient"),
            HookKind.TENSOR: self.tr("gradient of one pass"),
        }[kind]

    def _statistics(self) -> dict[str, str]:
        return {
            "mean": self.tr("mean"),
            "std": self.tr("std"),
            "max": self.tr("largest"),
            "zero_share": self.tr("share of zeros"),
            "non_finite": self.tr("non-finite"),
        }
