"""What a phalanx U-Net learns: which class covers each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssc_core.calcinosis.unet.contract import CLASSES
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.models.nets import build
from ssc_core.models.unet import unet_name
from ssc_core.training.task import Batch

__all__ = ["PhalanxTask"]

_BONES = ("distal", "middle", "proximal")


class PhalanxTask:
    """Cross-entropy with the share of each class in a pixel, plus one minus the soft Dice of the bones.

    Parameters
    ----------
    params : UnetTrainParams
        Width and depth of the network.
    start : mapping, optional
        Weights to begin with (those of a network that was trained before), by name.
    ndim : {2, 3}
        Axes of an image.
    """

    monitor = "dice"
    higher_is_better = True

    def __init__(
        self, params: UnetTrainParams, start: Mapping[str, Any] | None = None, ndim: int = 2
    ) -> None:
        self.start, self.ndim = start, ndim
        self.architecture = unet_name(
            ndim=ndim, width=params.width, depth=params.depth, inputs=1, outputs=len(CLASSES)
        )

    def network(self) -> Any:
        """The U-Net, untrained or with the weights to begin with."""
        import torch

        network = build(self.architecture)
        if self.start is not None:
            network.load_state_dict(self.start)
        return network.to(memory_format=self._format(torch))

    def loss(self, network: Any, batch: Batch) -> Any:
        """Mean over the batch; pixels without an image count for nothing."""
        import torch

        image, shares = batch
        logits = network(image.contiguous(memory_format=self._format(torch))).float()
        there = shares.sum(dim=1)
        log = torch.log_softmax(logits, dim=1)
        entropy = -(shares * log).sum() / there.sum().clamp_min(1.0)
        guess = log.exp() * there[:, None]
        everywhere = (0, *range(2, self.ndim + 2))
        both = (guess * shares)[:, 1:].sum(dim=everywhere)
        either = (guess**2 + shares**2)[:, 1:].sum(dim=everywhere)
        return entropy + (1 - (2 * both + 1) / (either + 1)).mean()

    def _format(self, torch: Any) -> Any:
        return torch.channels_last if self.ndim == 2 else torch.channels_last_3d

    def judge(self, network: Any, batch: Batch) -> dict[str, Any]:
        """Dice of each phalanx (NaN where it is not in the image), their mean, and that of all bone."""
        import torch

        image, shares = batch
        guess = network(image).float().argmax(dim=1)
        there = shares.sum(dim=1) > 0.5
        truth = shares.argmax(dim=1)
        out = {
            f"dice_{name}": _dice((guess == k) & there, (truth == k) & there)
            for k, name in enumerate(_BONES, 1)
        }
        each = torch.stack(list(out.values()))
        out["dice"] = torch.nanmean(each, dim=0)
        out["dice_bone"] = _dice((guess > 0) & there, (truth > 0) & there)
        return out


def _dice(guess: Any, truth: Any) -> Any:
    """Dice per item; NaN where the truth is empty."""
    guess, truth = guess.flatten(1), truth.flatten(1)
    total = truth.sum(dim=1)
    dice = 2.0 * (guess & truth).sum(dim=1) / (guess.sum(dim=1) + total)
    return dice.where(total > 0, float("nan"))
