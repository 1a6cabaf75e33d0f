"""What the L-Net learns: squared error of the five slice numbers; judged by millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ssc_core.training.task import Batch

__all__ = ["LevelTask"]


@dataclass(frozen=True)
class LevelTask:
    """A :class:`ssc_core.training.task.Task`.

    Parameters
    ----------
    network_name : str
        Plan of the network (:data:`ssc_core.models.lnet.PLANS`).
    loss_in : {"slices", "mm"}
        Unit of the squared error.
    """

    network_name: str
    loss_in: str = "slices"

    monitor = "mae_mm"
    higher_is_better = False

    @property
    def architecture(self) -> str:
        """For ``ssc_core.models.nets.build``."""
        return f"lnet:{self.network_name}"

    def network(self) -> Any:
        """Random weights."""
        from ssc_core.models.lnet import lnet

        return lnet(self.network_name)

    def loss(self, network: Any, batch: Batch) -> Any:
        """Mean squared error over the known levels."""
        error = self._error(network, batch)
        if self.loss_in == "mm":
            error = error * batch[2]
        known = error.isfinite()
        return error[known].square().mean()

    def judge(self, network: Any, batch: Batch) -> dict[str, Any]:
        """Mean absolute error in mm and slices, and in mm of each level."""
        error = self._error(network, batch).abs()
        mm = error * batch[2]
        values = {"mae_mm": mm.nanmean(dim=1), "mae_slices": error.nanmean(dim=1)}
        return values | {f"level_{i + 1}_mm": mm[:, i] for i in range(mm.shape[1])}

    def _error(self, network: Any, batch: Batch) -> Any:
        return network(batch[0]).float() - batch[1]
