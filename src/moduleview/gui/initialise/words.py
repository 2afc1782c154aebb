"""What initialisers and their arguments are called on screen."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.telemetry.initialising_messages import FUNCTION, RESET, Initialiser, InitialiserArgument, Part


class InitialiserWords(QObject):
    """Translated."""

    def title(self, name: str) -> str:
        """As it stands in the list: torch's name, so that it can be found in its documentation."""
        if name == FUNCTION:
            return self.tr("a function of yours")
        if name == RESET:
            return self.tr("the module's own reset_parameters")
        return self.tr("constant_ (a constant)") if name == "constant_" else name

    def tip(self, initialiser: Initialiser) -> str:
        """What it does."""
        where = self.tr("Called with each module") if initialiser.works_on_modules else self.tr("Fills each parameter")
        return f"{initialiser.summary}\n{where}"

    def part(self, part: Part) -> str:
        """Which parameters."""
        return {
            Part.ALL: self.tr("weights and biases"),
            Part.WEIGHTS: self.tr("weights only"),
            Part.BIASES: self.tr("biases only"),
        }[part]

    def argument_tip(self, argument: InitialiserArgument) -> str:
        """What it means."""
        return {
            "a": self.tr("Lower bound; for kaiming the slope of a leaky ReLU; for trunc_normal_ the lower cut"),
            "b": self.tr("Upper bound; for trunc_normal_ the upper cut"),
            "mean": self.tr("Mean of the normal distribution"),
            "std": self.tr("Standard deviation of the normal distribution"),
            "val": self.tr("The value that every element gets"),
            "gain": self.tr("Factor on the standard deviation; 1 keeps the variance of a linear layer"),
            "mode": self.tr("fan_in keeps the variance forward, fan_out keeps that of gradients backward"),
            "nonlinearity": self.tr("The activation that follows"),
            "groups": self.tr("Groups of the convolution"),
            "sparsity": self.tr("Share of zeros in each column, 0 to 1"),
        }.get(argument.name, argument.name)
