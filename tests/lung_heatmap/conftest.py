"""A slice with planted disease, and scorers whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import nn

PIXEL_MM = 1.0


class DensityScorer:
    """Scores density alone: each pixel of the lung counts by how far its neighbourhood is above -800 HU.

    Ground glass is what is up to -500 HU, reticulation what is above; no texture is read.
    """

    name = "density"
    card = None
    digests: Mapping[str, str] = {}
    intervals = None

    def outside(self, frame, meta):
        return ()

    def score(self, hu, lung, spacing_mm, *, tick=None):
        out = np.full((len(hu), 3), np.nan)
        for k, maps in enumerate(self.extent(hu, lung, spacing_mm)):
            if lung[k].any():
                out[k] = 100 * maps[:, lung[k]].mean(axis=1, dtype=np.float64)
        return out

    def extent(self, hu, lung, spacing_mm):
        tot = np.clip((hu + 800) / 100, 0, 1)
        ret = np.clip((hu + 500) / 100, 0, 1)
        gg = np.clip(tot - ret, 0, 1)
        return np.stack([tot, gg, ret], axis=1).astype(np.float32) * lung[:, None]


class DensityNetwork(nn.Module):
    """The same as a torch module for one lung, so that truth is known without any scorer."""

    def __init__(self, lung):
        super().__init__()
        self.lung = torch.as_tensor(lung)
        self.eval()

    def forward(self, x):
        tot = ((x[:, 0] + 800) / 100).clamp(0, 1)
        ret = ((x[:, 0] + 500) / 100).clamp(0, 1)
        maps = torch.stack([tot, (tot - ret).clamp(0, 1), ret], dim=1)
        return 100 * maps[:, :, self.lung].mean(-1)


@pytest.fixture(scope="session")
def scorer():
    return DensityScorer()


@pytest.fixture(scope="session")
def slice_():
    """HU (192, 192), lung, lesions (3, y, x): ground glass in the right lung, dense strands in the left."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:192, :192]
    right = ((y - 96) / 70) ** 2 + ((x - 50) / 34) ** 2 < 1
    left = ((y - 96) / 66) ** 2 + ((x - 142) / 36) ** 2 < 1
    lung = right | left
    hu = np.where(lung, -860.0, 30.0) + rng.normal(0, 15, lung.shape)
    gg = right & (y > 110)
    ret = left & (y > 100) & (x > 130)
    hu[gg] = -600 + rng.normal(0, 20, int(gg.sum()))
    hu[ret] = -300 + rng.normal(0, 20, int(ret.sum()))
    return hu.astype(np.float32), lung, np.stack([gg | ret, gg, ret])


@pytest.fixture(scope="session")
def density(slice_):
    return DensityNetwork(slice_[1])


@pytest.fixture(scope="session")
def small_convnext():
    """A tiny ConvNeXt with weights of a size that lets every layer matter."""
    from ssc_core.models.torchvision_cpu import torchvision

    family = torchvision().models.convnext
    with torch.random.fork_rng():
        torch.manual_seed(1)
        blocks = [family.CNBlockConfig(*w) for w in [(12, 16, 1), (16, 24, 1), (24, 32, 2), (32, None, 1)]]
        network = family.ConvNeXt(blocks, num_classes=3)
        network.features[0][0] = nn.Conv2d(1, 12, 4, 4)
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if hasattr(module, "layer_scale"):
                nn.init.uniform_(module.layer_scale, 0.2, 0.4)
    return network.eval().requires_grad_(False)
