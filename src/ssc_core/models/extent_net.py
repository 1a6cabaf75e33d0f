"""Extent network: a small ConvNeXt that says at each place which pattern lies there.

Liu et al. 2022 (ConvNeXt) with an overlapping stem and a short feature pyramid (Lin et al. 2017). Two heads
on the same trunk: ``extent`` gives at each place the probabilities of no disease, ground glass (GG),
reticulation (RET) and both, whose mean over the lung is the score; ``regression`` gives the three scores of
the slice from the mean of the last features over the lung, as the papers' S-Net does from the whole image.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ssc_core.errors import InputError

__all__ = ["FAMILY", "STRIDE", "ExtentNet", "extent_name", "extent_net", "patterns_of"]

FAMILY = "extent"
STRIDE = 32
"""Sides of the input are multiples of this."""

_NAME = re.compile(r"(extent|regression)-in(\d+)-(\d+(?:x\d+){3})-(\d+(?:x\d+){3})")
DEPTHS, WIDTHS = (2, 2, 6, 2), (32, 64, 128, 256)
_PYRAMID = 64


class ExtentNet(nn.Module):  # type: ignore[misc]
    """(n, inputs, y, x) to (n, 4, y / 4, x / 4) logits, or with `lung` to (n, 3) percent.

    Parameters
    ----------
    inputs : int
        Channels.
    depths, widths : tuple of int
        Blocks and channels of the four stages.
    head : {"extent", "regression"}
        What stands behind the trunk.
    """

    def __init__(
        self,
        inputs: int,
        depths: tuple[int, ...] = DEPTHS,
        widths: tuple[int, ...] = WIDTHS,
        head: str = "extent",
    ) -> None:
        super().__init__()
        self.head = head
        half = 3 * widths[0] // 4
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, half, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(half, widths[0], 3, stride=2, padding=1),
            _Norm(widths[0]),
        )
        before = (widths[0], *widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(*_step(a, b, i > 0), *(_Block(b) for _ in range(n)))
            for i, (a, b, n) in enumerate(zip(before, widths, depths, strict=True))
        )
        if head == "extent":
            self.across = nn.ModuleList(nn.Conv2d(w, _PYRAMID, 1) for w in widths)
            self.smooth = _Block(_PYRAMID)
            self.out = nn.Conv2d(_PYRAMID, 4, 1)
        else:
            self.norm = nn.LayerNorm(widths[-1])
            self.out = nn.Linear(widths[-1], 3)

    def forward(self, x: Any, lung: Any = None) -> Any:
        """Logits of the four states per place, or percent TOT, GG, RET of the slice (regression head).

        Parameters
        ----------
        x : Tensor, (n, inputs, y, x)
            Sides are multiples of :data:`STRIDE`.
        lung : Tensor, (n, y, x), optional
            1 in the lung; the regression head needs it.
        """
        x = self.stem(x)
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        if self.head == "regression":
            weight = functional.adaptive_avg_pool2d(lung[:, None].to(x.dtype), x.shape[-2:])
            mean = (x * weight).sum(dim=(2, 3)) / weight.sum(dim=(2, 3)).clamp_min(1e-6)
            return 100 * self.out(self.norm(mean))  # so that steps suited to weights near 1 reach percent
        top = self.across[-1](seen[-1])
        for layer, lower in zip(self.across[-2::-1], seen[-2::-1], strict=True):
            grown = functional.interpolate(top, size=lower.shape[-2:], mode="bilinear", align_corners=False)
            top = layer(lower) + grown
        return self.out(self.smooth(top))


class _Norm(nn.Module):  # type: ignore[misc]
    """Layer normalisation over the channels of an image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Any) -> Any:
        """As it came."""
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _Block(nn.Module):  # type: ignore[misc]
    """ConvNeXt block with a 3 x 3 kernel: textures are local, and 7 x 7 trains ten times slower on a CPU.

    Its scale begins at 1: the usual 1e-6 keeps a small network from learning.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Any) -> Any:
        """Residual."""
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.narrow(functional.gelu(self.wide(y)))
        return x + y.permute(0, 3, 1, 2)


def _step(before: int, after: int, halve: bool) -> list[nn.Module]:
    return [_Norm(before), nn.Conv2d(before, after, 2, stride=2)] if halve else []


def patterns_of(logits: Any) -> Any:
    """Probabilities of TOT, GG and RET, (n, 3, y, x) float32, from the four logits.

    TOT is the union, so at each place, and in every mean over places, max(GG, RET) <= TOT <= GG + RET.
    """
    _, gg, ret, both = torch.softmax(logits.float(), dim=1).unbind(1)
    return torch.stack([gg + ret + both, gg + both, ret + both], dim=1)


def extent_name(
    inputs: int, head: str = "extent", depths: tuple[int, ...] = DEPTHS, widths: tuple[int, ...] = WIDTHS
) -> str:
    """Name of the architecture for :func:`ssc_core.models.nets.build`."""
    plan = "-".join("x".join(map(str, sizes)) for sizes in (depths, widths))
    return f"{FAMILY}:{head}-in{inputs}-{plan}"


def extent_net(name: str) -> ExtentNet:
    """The network of a name without its family.

    Raises
    ------
    InputError
        If the name is none.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise InputError(f"there is no network architecture called {FAMILY}:{name}")
    head, inputs, *plans = found.groups()
    depths, widths = (tuple(int(n) for n in plan.split("x")) for plan in plans)
    if not 1 <= int(inputs) <= 16 or max(depths) > 30 or not all(8 <= w <= 1024 for w in widths):
        raise InputError(f"the network architecture {FAMILY}:{name} is out of bounds")
    return ExtentNet(int(inputs), depths, widths, head)
