"""What the S-Net learns: squared error of the three scores; judged by percent points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.training.task import Batch

__all__ = ["ScoreTask"]


@dataclass(frozen=True)
class ScoreTask:
    """A :class:`ssc_core.training.task.Task`.

    Parameters
    ----------
    backbone : str
        Of :data:`ssc_core.models.snet.BACKBONES`.
    stem : {"sum", "random"}
        First layer of pretrained weights.
    pretrained : bool
        Start from ImageNet weights.
    """

    backbone: str
    stem: Literal["sum", "random"] = "sum"
    pretrained: bool = False

    monitor = "mae"
    higher_is_better = False

    @property
    def architecture(self) -> str:
        """For ``ssc_core.models.nets.build``."""
        from ssc_core.models.snet import architecture_of

        return architecture_of(self.backbone)

    def network(self) -> Any:
        """Random or pretrained weights."""
        from ssc_core.models.snet import build

        return build(self.backbone, stem=self.stem, pretrained=self.pretrained)

    def loss(self, network: Any, batch: Batch) -> Any:
        """Mean squared error over the three scores (Jia et al. 2024, Network implementation details)."""
        return self._error(network, batch).square().mean()

    def judge(self, network: Any, batch: Batch) -> dict[str, Any]:
        """Absolute error in percent points: mean of the three, and of each."""
        error = self._error(network, batch).abs()
        return {"mae": error.mean(dim=1)} | {f"mae_{p}": error[:, i] for i, p in enumerate(PATTERNS)}

    def _error(self, network: Any, batch: Batch) -> Any:
        return network(batch[0]).float() - batch[1]
