"""The AlexNet that Caffe published and MATLAB ships, up to fc6: two groups, local response normalisation.

Krizhevsky et al. 2012 as trained by the Berkeley Vision and Learning Center (``bvlc_alexnet``): 227 x 227
input, convolutions 2, 4 and 5 in two groups, normalisation over 5 channels (alpha 1e-4, beta 0.75, k 1)
before the pooling of layers 1 and 2. It takes red, green, blue in 0-255 and subtracts the mean image that
came with its weights. It is not torchvision's ``alexnet``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

__all__ = ["SIDE", "BvlcAlexNet"]

SIDE = 227


class BvlcAlexNet(nn.Module):  # type: ignore[misc]
    """Patches to fc6, before its ReLU.

    Input (n, 3, 227, 227), RGB, 0-255; output (n, 4096). Weights are named as Caffe's layers, ``mean`` is the
    mean image (3, 227, 227) in RGB.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, SIDE, SIDE))
        self.conv1 = nn.Conv2d(3, 96, 11, stride=4)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.fc6 = nn.Linear(256 * 6 * 6, 4096)
        self.norm = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)
        self.pool = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Any) -> Any:
        """fc6 of a batch."""
        x = self.pool(self.norm(torch.relu(self.conv1(x - self.mean))))
        x = self.pool(self.norm(torch.relu(self.conv2(x))))
        x = torch.relu(self.conv3(x))
        x = torch.relu(self.conv4(x))
        x = self.pool(torch.relu(self.conv5(x)))
        return self.fc6(torch.flatten(x, 1))
