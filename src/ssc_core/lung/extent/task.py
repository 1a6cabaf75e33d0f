"""What the extent network learns: the scores of a slice, nothing about where disease lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ssc_core.errors import FormatError
from ssc_core.lung.extent.inputs import CHANNELS
from ssc_core.models.extent_net import extent_name, extent_net, patterns_of
from ssc_core.training.state import read_state
from ssc_core.training.task import Batch

__all__ = ["ExtentTask", "lung_mean"]

_SOFT = 8.0  # percent points below which the error is squared
_LESS_SURE = 0.35  # of earlier weights' outputs: a place that is sure of itself learns nothing more
_NAMES = ("tot", "gg", "ret")


class ExtentTask:
    """A :class:`ssc_core.training.task.Task`: Huber loss of TOT, GG and RET in percent.

    Parameters
    ----------
    head : {"extent", "regression"}
        Of the network.
    start : path-like, optional
        Weights of an earlier training of the same architecture to begin with; random ones by default. The
        outputs of the extent head are drawn together, so that what is sure can be learned anew.
    """

    monitor = "mae"
    higher_is_better = False

    def __init__(self, head: str = "extent", start: str | Path | None = None) -> None:
        self.head, self.start = head, start
        self.architecture = extent_name(len(CHANNELS), head)

    def network(self) -> Any:
        """Random weights, or those of `start`.

        Raises
        ------
        FormatError
            If `start` holds another kind of network.
        """
        import torch

        network = extent_net(self.architecture.partition(":")[2])
        if self.start is not None:
            tensors, facts = read_state(self.start)
            if facts.get("architecture") != self.architecture:
                raise FormatError(
                    f"the weights to start with are not of the architecture {self.architecture}; name others",
                    source=self.start,
                )
            network.load_state_dict({name: t.float() for name, t in tensors.items()}, strict=True)
            if self.head == "extent":
                with torch.no_grad():
                    for tensor in (network.out.weight, network.out.bias):
                        tensor.mul_(_LESS_SURE)
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
