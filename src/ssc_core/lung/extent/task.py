"""What the extent network learns: the scores of a slice, nothing about where disease lies."""

from __future__ import annotations

from typing import Any

from ssc_core.lung.extent.inputs import CHANNELS
from ssc_core.models.extent_net import extent_name, extent_net, patterns_of
from ssc_core.training.task import Batch

__all__ = ["ExtentTask", "lung_mean"]

_SOFT = 4.0  # percent points below which the error is squared
_NAMES = ("tot", "gg", "ret")


class ExtentTask:
    """A :class:`ssc_core.training.task.Task`: Huber loss of TOT, GG and RET in percent.

    Parameters
    ----------
    head : {"extent", "regression"}
        Of the network.
    """

    monitor = "mae"
    higher_is_better = False

    def __init__(self, head: str = "extent") -> None:
        self.head = head
        self.architecture = extent_name(len(CHANNELS), head)

    def network(self) -> Any:
        """Random weights."""
        import torch

        network = extent_net(self.architecture.partition(":")[2])
        return network.to(memory_format=torch.channels_last)

    def loss(self, network: Any, batch: Batch) -> Any:
        """Mean over batch and patterns."""
        from torch.nn import functional

        return functional.huber_loss(self._scores(network, batch), batch[2], delta=_SOFT) / _SOFT

    def judge(self, network: Any, batch: Batch) -> dict[str, Any]:
        """Mean absolute error over the three patterns, and of each; bias of TOT."""
        error = self._scores(network, batch) - batch[2]
        out = {f"mae_{name}": error[:, i].abs() for i, name in enumerate(_NAMES)}
        return {"mae": error.abs().mean(dim=1), "bias_tot": error[:, 0], **out}

    def _scores(self, network: Any, batch: Batch) -> Any:
        import torch

        image, cells, _ = batch
        image = image.contiguous(memory_format=torch.channels_last)
        if self.head == "regression":
            return network(image, cells).float()
        return lung_mean(patterns_of(network(image)), cells)


def lung_mean(maps: Any, lung: Any) -> Any:
    """Percent: mean of maps (n, 3, y, x) over the lung, weighted by its share (n, y, x) of each cell."""
    weight = lung[:, None].float()
    return 100 * (maps * weight).sum(dim=(2, 3)) / weight.sum(dim=(2, 3)).clamp_min(1e-6)
