"""U-Net: a contracting path, an expanding path, and what the first saw handed to the second.

Ronneberger et al. 2015 (Fig. 1): two 3 x 3 convolutions with ReLU per step, maximum pooling by 2, channels
doubled on the way down, transposed convolutions by 2 on the way up, concatenation, 1 x 1 convolution at the
end. Two things differ: convolutions are padded, so that the output has the size of the input, and each is
followed by batch normalisation. Width and depth are free; theirs are 64 and 4.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from ssc_core.errors import InputError

__all__ = ["FAMILY", "UNet", "unet", "unet_name"]

FAMILY = "unet"
_NAME = re.compile(r"([23])d-width(\d+)-depth(\d+)-in(\d+)-out(\d+)")
_WIDEST, _DEEPEST = 128, 6


class UNet(nn.Module):  # type: ignore[misc]
    """(n, inputs, y, x) or (n, inputs, z, y, x) to (n, outputs, ...) logits of the same size.

    Parameters
    ----------
    ndim : {2, 3}
        Axes of an image.
    width : int
        Channels of the first step.
    depth : int
        Number of poolings.
    inputs, outputs : int
        Channels of image and result.
    """

    def __init__(self, ndim: int, width: int, depth: int, inputs: int, outputs: int) -> None:
        super().__init__()
        conv, up, pool = (
            (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d)
            if ndim == 2
            else (nn.Conv3d, nn.ConvTranspose3d, nn.MaxPool3d)
        )
        widths = [width * 2**i for i in range(depth + 1)]
        self.multiple = 2**depth
        self.down = nn.ModuleList(
            _step(ndim, before, after) for before, after in zip([inputs, *widths[:-1]], widths, strict=True)
        )
        self.pool = pool(2)
        self.up = nn.ModuleList(up(wide, wide // 2, 2, stride=2) for wide in widths[:0:-1])
        self.merge = nn.ModuleList(_step(ndim, wide, wide // 2) for wide in widths[:0:-1])
        self.last = conv(width, outputs, 1)

    def forward(self, x: Any) -> Any:
        """Logits. Sides must be multiples of ``multiple`` (2 to the depth)."""
        seen = []
        for step in self.down[:-1]:
            x = step(x)
            seen.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([seen.pop(), up(x)], dim=1))
        return self.last(x)


def _step(ndim: int, before: int, after: int) -> Any:
    conv, norm = (nn.Conv2d, nn.BatchNorm2d) if ndim == 2 else (nn.Conv3d, nn.BatchNorm3d)
    layers: list[Any] = []
    for channels in (before, after):  # the normalisation brings the bias
        layers += [conv(channels, after, 3, padding=1, bias=False), norm(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def unet_name(*, ndim: int, width: int, depth: int, inputs: int, outputs: int) -> str:
    """Name of an architecture, as :func:`ssc_core.models.nets.build` takes it."""
    return f"{FAMILY}:{ndim}d-width{width}-depth{depth}-in{inputs}-out{outputs}"


def unet(name: str) -> UNet:
    """An untrained U-Net by name, as ``2d-width16-depth4-in1-out5``.

    Raises
    ------
    InputError
        If the name is no such name, or the network far too large.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError(f"a U-Net is called as 2d-width16-depth4-in1-out5 (given {name!r})")
    ndim, width, depth, inputs, outputs = (int(v) for v in match.groups())
    if not (1 <= width <= _WIDEST and 1 <= depth <= _DEEPEST and inputs >= 1 and outputs >= 1):
        raise InputError(
            f"a U-Net has a width of 1 to {_WIDEST} and a depth of 1 to {_DEEPEST} (given {name!r})"
        )
    return UNet(ndim, width, depth, inputs, outputs)
