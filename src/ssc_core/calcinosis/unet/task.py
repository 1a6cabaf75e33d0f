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
    """

    monitor = "dice"
    higher_is_better = True

    def __init__(self, params: UnetTrainParams, start: Mapping[str, Any] | None = None) -> None:
        self.start = start
        self.architecture = unet_name(
            ndim=2, width=params.width, depth=params.depth, inputs=1, outputs=len(CLASSES)
        )

    def network(self) -> Any:
        """The U-Net, untrained or with the weights to begin with."""
        import torch

        network = build(self.architecture)
        if self.start is not None:
            network.load_state_dict(self.start)
        return network.to(memory_format=torch.channels_last)

    def loss(self, network: Any, batch: Batch) -> Any:
        """Mean over the batch; pixels without an image count for nothing."""
        import torch

        image, shares = batch
        logits = network(image.contiguous(memory_format=torch.channels_last)).float()
        there = shares.sum(dim=1)
        log = torch.log_softmax(logits, dim=1)
        entropy = -(shares * log).sum() / there.sum().clamp_min(1.0)
        guess = log.exp() * there[:, None]
        both = (guess * shares)[:, 1:].sum(dim=(0, 2, 3))
        either = (guess**2 + shares**2)[:, 1:].sum(dim=(0, 2, 3))
        return entropy + (1 - (2 * both + 1) / (either + 1)).mean()

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
    total = truth.sum(dim=(1, 2))
    dice = 2.0 * (guess & truth).sum(dim=(1, 2)) / (guess.sum(dim=(1, 2)) + total)
    return dice.where(total > 0, float("nan"))
