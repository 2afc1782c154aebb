"""What a quantity is called on the screen, its unit, and how a person reads it.

``backward.zero_share`` reads "output gradient, share of zeros". Formulas stand in the README ("What the numbers mean").
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from moduleview.telemetry import quantities as q


@dataclass(frozen=True)
class QuantityText:
    """What is said of a quantity.

    Attributes:
        name: In words, without a capital.
        reading: A sentence or two on how to read it; "" where we do not know it.
        unit: As it stands after a number ("B"); "" for none: norms are in the units of what they are of.
    """

    name: str
    reading: str = ""
    unit: str = ""


class QuantityWords(QObject):
    """Words only; a QObject for ``tr``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts = {
            **self._of_the_run(),
            **self._of_gradients(),
            **self._of_noise(),
            **self._of_stations(),
            **self._of_updates(),
            **self._of_weights(),
        }

    def name(self, quantity: str) -> str:
        """In words; a quantity of somebody else's probe keeps its own name."""
        return self.text(quantity).name

    def text(self, quantity: str) -> QuantityText:
        """All that is said of a quantity; of one of somebody else's probe only its own name."""
        seen, _, statistic = quantity.partition(".")
        if seen in self._seen() and statistic in self._statistics():
            words = self._statistics()[statistic]
            return QuantityText(f"{self._seen()[seen]}, {words.name}", words.reading, words.unit)
        return self._texts.get(quantity, QuantityText(quantity))

    def tip(self, quantity: str) -> str:
        """Name, unit and how to read it, for a tooltip."""
        text = self.text(quantity)
        title = text.name[:1].upper() + text.name[1:]
        unit = self.tr("{0}, in {1}").format(title, self._unit_word(text.unit)) if text.unit else title
        return f"{unit}\n{text.reading}" if text.reading else unit

    def _unit_word(self, unit: str) -> str:
        return self.tr("bytes") if unit == "B" else unit

    def _of_the_run(self) -> dict[str, QuantityText]:
        share = self.tr("shares of 1")
        return {
            q.LOSS: QuantityText(
                self.tr("loss"), self.tr("Of one batch, so it is noisy: look at the trend over many steps.")
            ),
            q.LEARNING_RATE: QuantityText(
                self.tr("learning rate"),
                self.tr("What the schedule gave each parameter group in this step; where it is 0 nothing is learned."),
            ),
            q.LOSS_SCALE: QuantityText(
                self.tr("loss scale"),
                self.tr(
                    "It halves when gradients overflow and grows when all is well; falling again and again is bad."
                ),
            ),
            q.MEMORY: QuantityText(
                self.tr("memory"),
                self.tr("After the first steps it should be flat: a slope means that something keeps tensors."),
                "B",
            ),
            q.OVERHEAD: QuantityText(
                self.tr("overhead"),
                self.tr("Share of the last seconds of training that all measuring took, hooks included."),
                share,
            ),
        }

    def _of_gradients(self) -> dict[str, QuantityText]:
        share, elements = self.tr("shares of 1"), self.tr("elements")
        return {
            q.GRAD_NORM: QuantityText(
                self.tr("gradient norm"),
                self.tr("As the optimizer uses it; layers of a healthy model lie within two or three decades."),
            ),
            q.GRAD_RMS: QuantityText(
                self.tr("gradient, root mean square"),
                self.tr("The norm per element: compares tensors of different size."),
            ),
            q.GRAD_MAX: QuantityText(
                self.tr("gradient, largest"),
                self.tr("A hundred times the root mean square means that few elements make the whole step."),
            ),
            q.GRAD_MEAN: QuantityText(
                self.tr("gradient, mean"),
                self.tr("Small beside the standard deviation where elements differ; equal to it, all move one way."),
            ),
            q.GRAD_STD: QuantityText(
                self.tr("gradient, std"), self.tr("How far elements differ; 0 means that all get the same gradient.")
            ),
            q.GRAD_ZERO_SHARE: QuantityText(
                self.tr("gradient, share of zeros"),
                self.tr("Near 1 means that little of the tensor learns: dead units, unused rows of an embedding."),
                share,
            ),
            q.GRAD_NON_FINITE: QuantityText(
                self.tr("gradient, non-finite"),
                self.tr("Must be 0; one NaN or Inf spoils every weight that the step touches."),
                elements,
            ),
            q.GRAD_MAGNITUDES: QuantityText(
                self.tr("gradient, magnitudes"),
                self.tr("Where the hump nears the subnormal range of the type, gradients are lost: scale the loss."),
            ),
        }

    def _of_noise(self) -> dict[str, QuantityText]:
        return {
            q.GRAD_SNR: QuantityText(
                self.tr("gradient, signal to noise"),
                self.tr("Above 1 the steps agree on a direction; far below it is mostly noise: larger batches help."),
            ),
            q.GRAD_COSINE: QuantityText(
                self.tr("gradient, cosine with the step before"),
                self.tr("Near 1 steps go one way, near 0 they are unrelated; near −1 they undo each other: too fast."),
            ),
        }

    def _of_stations(self) -> dict[str, QuantityText]:
        return {
            q.MICRO_GRAD_NORM: QuantityText(
                self.tr("gradient norm of one pass"),
                self.tr("Of one micro-batch, before it is added to the others; still multiplied by the loss scale."),
            ),
            q.ACCUMULATED_GRAD_NORM: QuantityText(
                self.tr("accumulated gradient norm"),
                self.tr("Grows with each pass: by their number where they agree, by its root where they are noise."),
            ),
            q.LOCAL_GRAD_NORM: QuantityText(
                self.tr("local gradient norm"),
                self.tr("Of this rank's own batches, before the reduction; far above the reduced one, ranks disagree."),
            ),
            q.REDUCED_GRAD_NORM: QuantityText(
                self.tr("gradient norm over ranks"),
                self.tr("The mean of all ranks, the same on each; still multiplied by the loss scale."),
            ),
            q.UNSCALED_GRAD_NORM: QuantityText(
                self.tr("unscaled gradient norm"),
                self.tr("Divided by the loss scale, before clipping: the gradient in the loss's own units."),
            ),
        }

    def _of_updates(self) -> dict[str, QuantityText]:
        return {
            q.UPDATE_NORM: QuantityText(
                self.tr("norm of the update"),
                self.tr("How far the step moved the weight, whatever moved it: momentum, decay, clipping included."),
            ),
            q.UPDATE_RATIO: QuantityText(
                self.tr("update / weight"),
                self.tr("About 1e-3 is usual; below 1e-6 nothing is learned, above 1e-1 the weight is thrown about."),
            ),
        }

    def _of_weights(self) -> dict[str, QuantityText]:
        share, elements = self.tr("shares of 1"), self.tr("elements")
        return {
            q.WEIGHT_NORM: QuantityText(
                self.tr("weight norm"),
                self.tr("Drifts slowly; steady growth wants decay, a jump follows a step that was too large."),
            ),
            q.WEIGHT_RMS: QuantityText(
                self.tr("weight, root mean square"),
                self.tr("The norm per element; at the start it shows how the layer was initialised."),
            ),
            q.WEIGHT_MAX: QuantityText(
                self.tr("weight, largest"),
                self.tr("An outlier costs precision in half precision and when the model is quantised."),
            ),
            q.WEIGHT_MEAN: QuantityText(
                self.tr("weight, mean"), self.tr("Near 0 for most matrices, near 1 for the scales of norm layers.")
            ),
            q.WEIGHT_STD: QuantityText(
                self.tr("weight, std"), self.tr("Falling towards 0 the elements become alike, and the layer collapses.")
            ),
            q.WEIGHT_ZERO_SHARE: QuantityText(
                self.tr("weight, share of zeros"),
                self.tr("What was pruned or never left its initial zero; otherwise near 0."),
                share,
            ),
            q.WEIGHT_NON_FINITE: QuantityText(
                self.tr("weight, non-finite"),
                self.tr("Must be 0; after the first NaN or Inf the run cannot recover by itself."),
                elements,
            ),
            q.WEIGHT_MAGNITUDES: QuantityText(
                self.tr("weight, magnitudes"),
                self.tr("One hump that moves slowly; mass at 0 was pruned, mass far right are outliers."),
            ),
        }

    def _seen(self) -> dict[str, str]:
        """What the hooks of a kind see; those that only count see nothing."""
        return {
            "forward_pre": self.tr("input"),
            "forward": self.tr("output"),
            "backward_pre": self.tr("output gradient (torch's hook)"),
            "backward": self.tr("output gradient"),
            "full_backward": self.tr("input gradient"),
            "tensor": self.tr("gradient of one pass"),
            "post_accumulate": self.tr("accumulated gradient"),
        }

    def _statistics(self) -> dict[str, QuantityText]:
        return {
            "mean": QuantityText(self.tr("mean"), self.tr("Far from 0 beside std, what follows sees a constant.")),
            "std": QuantityText(
                self.tr("std"), self.tr("About the same from layer to layer; it vanishes or explodes with depth.")
            ),
            "max": QuantityText(
                self.tr("largest"), self.tr("Largest magnitude; float16 ends at 65,504 and becomes Inf above.")
            ),
            "zero_share": QuantityText(
                self.tr("share of zeros"),
                self.tr("About one half after a ReLU; near 1 its units are dead."),
                self.tr("shares of 1"),
            ),
            "non_finite": QuantityText(
                self.tr("non-finite"),
                self.tr("Must be 0; the first module where it is not is where NaN or Inf began."),
                self.tr("elements"),
            ),
        }
