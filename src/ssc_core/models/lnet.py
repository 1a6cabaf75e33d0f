"""L-Net: 3-D VGG networks that read the heights of the five levels from a whole chest CT.

Jia et al. 2024 (Network design, Fig. 3A, Table 3) and the published code do not describe the same network:

- ``table3``: widths and heads as printed. They have 56.0 M convolution weights where the table says 28.84 M
  parameters in all, and a last layer of 3 where five levels are asked for; here it has 5. Neither
  normalisation, dropout nor the pooling before the first full layer is printed: none, none and the mean over
  space are taken.
- ``published``: the layout of the published weights, VGG-11 on 8 to 128 channels, convolution - ReLU - batch
  normalisation, 6 x 6 x 6 features, two layers of 1024, 30.2 M weights. ``vgg16`` and ``vgg19`` are the
  deeper candidates of Fig. 3A on the same channels.
- ``small``: ours, not the papers'. It keeps the height: it pools in the plane only and reads each level as
  the mean of a softmax over the slices, so that 0.1 M weights are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ssc_core.errors import InputError
from ssc_core.models.cost import Cost, cost

__all__ = ["FAMILY", "LEVELS", "PLANS", "Cost", "LNet", "Plan", "SliceNet", "cost", "lnet"]

FAMILY = "lnet"
LEVELS = 5


@dataclass(frozen=True)
class Plan:
    """A network and what it is fed.

    Parameters
    ----------
    blocks : tuple of tuple of int
        Output channels of the convolutions between two poolings.
    grid : tuple of int
        (z, y, x) of the resampled CT.
    crop : int
        Slices of the grid that the network sees at a time.
    norm : bool
        Batch normalisation behind each ReLU.
    pool : tuple of int
        Size and stride of the maximum pooling.
    last_pool : bool
        Whether the last block is pooled too.
    features : int
        Side of the cube to which the last feature map is averaged.
    head : tuple of int
        Widths of the full layers before the output.
    dropout : float
        After flattening and around the second full layer.
    """

    blocks: tuple[tuple[int, ...], ...]
    grid: tuple[int, int, int] = (256, 256, 256)
    crop: int = 192
    norm: bool = True
    pool: tuple[int, int] = (3, 2)
    last_pool: bool = True
    features: int = 6
    head: tuple[int, ...] = (1024, 1024)
    dropout: float = 0.5


def _vgg(base: int, depths: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    return tuple((base * 2**i,) * depth for i, depth in enumerate(depths))


PLANS: dict[str, Plan] = {
    "published": Plan(_vgg(8, (1, 1, 2, 2, 2))),
    "vgg16": Plan(_vgg(8, (2, 2, 3, 3, 3))),
    "vgg19": Plan(_vgg(8, (2, 2, 4, 4, 4))),
    "table3": Plan(
        _vgg(64, (1, 1, 2, 2, 2)),
        norm=False,
        pool=(2, 2),
        last_pool=False,
        features=1,
        head=(512, 256),
        dropout=0.0,
    ),
    "small": Plan(((8,), (16,), (32,), (32,)), grid=(96, 64, 64), crop=72, head=(32, 32)),
}


class LNet(nn.Module):  # type: ignore[misc]
    """3-D VGG: (n, 1, z, y, x) to (n, 5), slice numbers from the bottom of the crop.

    Weights are named as in the published file: ``features.N``, ``ln1``, ``ln2``, ``ln3``.
    """

    def __init__(self, plan: Plan, outputs: int = LEVELS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for i, block in enumerate(plan.blocks, 1):
            for width in block:
                layers += [nn.Conv3d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                layers += [nn.BatchNorm3d(width)] if plan.norm else []
                before = width
            if i < len(plan.blocks) or plan.last_pool:
                layers.append(nn.MaxPool3d(*plan.pool))
        self.features = nn.Sequential(*layers)
        self.average = nn.AdaptiveAvgPool3d(plan.features)
        first, second = plan.head
        self.ln1 = nn.Linear(before * plan.features**3, first)
        self.ln2 = nn.Linear(first, second)
        self.ln3 = nn.Linear(second, outputs)
        self.dropout = nn.Dropout(plan.dropout)

    def forward(self, x: Any) -> Any:
        """Slice numbers of the five levels."""
        x = self.dropout(torch.flatten(self.average(self.features(x)), 1))
        x = torch.relu(self.ln1(x))
        # dropped twice, as published; dropping before or after a ReLU is the same
        x = self.dropout(self.dropout(torch.relu(self.ln2(x))))
        return self.ln3(x)


class SliceNet(nn.Module):  # type: ignore[misc]
    """Pools in the plane only; a level is the mean of a softmax over the slices. Shapes as :class:`LNet`."""

    def __init__(self, plan: Plan, outputs: int = LEVELS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for block in plan.blocks:
            for width in block:
                layers += [
                    nn.Conv3d(before, width, 3, padding=1),
                    nn.BatchNorm3d(width),
                    nn.ReLU(inplace=True),
                ]
                before = width
            layers.append(nn.MaxPool3d((1, 2, 2)))
        self.features = nn.Sequential(*layers)
        profile: list[nn.Module] = []
        before *= 4
        for width, reach in zip(plan.head, (1, 3), strict=True):
            profile += [nn.Conv1d(before, width, 7, padding=3 * reach, dilation=reach), nn.ReLU()]
            before = width
        profile.append(nn.Conv1d(before, outputs, 7, padding=27, dilation=9))
        self.profile = nn.Sequential(*profile)

    def forward(self, x: Any) -> Any:
        """Slice numbers of the five levels."""
        x = nn.functional.adaptive_avg_pool3d(self.features(x), (None, 2, 2))
        x = x.permute(0, 1, 3, 4, 2).flatten(1, 3)  # (n, channels x quadrants, z)
        weight = torch.softmax(self.profile(x).float(), dim=-1)
        slices = torch.arange(weight.shape[-1], device=weight.device, dtype=weight.dtype)
        return (weight * slices).sum(dim=-1)


def lnet(name: str, outputs: int = LEVELS) -> Any:
    """An untrained L-Net by the name of its plan.

    Raises
    ------
    InputError
        If there is no such plan.
    """
    if name not in PLANS:
        raise InputError(f"there is no L-Net called {name!r}; choose {', '.join(PLANS)}")
    return (SliceNet if name == "small" else LNet)(PLANS[name], outputs)
