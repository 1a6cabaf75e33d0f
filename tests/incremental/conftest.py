"""Small networks of each family, with weights as if trained, and slices for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ssc_core.models.torchvision_cpu import torchvision


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights of a size that lets every layer matter (layer_scale as trained, not 1e-6)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.normal_(module.bias, std=0.05)
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_var, 0.5, 2.0)
                nn.init.normal_(module.running_mean, std=0.2)
                nn.init.uniform_(module.weight, 0.5, 1.5)
            if hasattr(module, "layer_scale"):
                nn.init.uniform_(module.layer_scale, 0.2, 0.4)
    return network.eval().requires_grad_(False)


def small_vgg(*, norm: bool = False) -> nn.Module:
    vgg = torchvision().models.vgg
    layers: list[nn.Module] = []
    channels = 1
    for width in (8, "M", 16, "M", 24, 24, "M", 24, 24, "M"):
        if width == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(channels, int(width), 3, padding=1))
        layers += [nn.BatchNorm2d(int(width))] * norm + [nn.ReLU(inplace=True)]
        channels = int(width)
    network = vgg.VGG(nn.Sequential(*layers), num_classes=3, init_weights=False)
    network.classifier = nn.Sequential(
        nn.Linear(24 * 49, 32),
        nn.ReLU(True),
        nn.Dropout(),
        nn.Linear(32, 16),
        nn.ReLU(True),
        nn.Linear(16, 3),
    )
    return drawn(network)


def small_convnext() -> nn.Module:
    family = torchvision().models.convnext
    widths = [(16, 24, 2), (24, 32, 2), (32, 48, 2), (48, None, 1)]
    network = family.ConvNeXt([family.CNBlockConfig(*w) for w in widths], num_classes=3)
    network.features[0][0] = nn.Conv2d(1, 16, 4, 4)
    return drawn(network)


@pytest.fixture(scope="session")
def networks() -> dict[str, nn.Module]:
    return {"vgg": small_vgg(), "vgg_bn": small_vgg(norm=True), "convnext": small_convnext()}


@pytest.fixture(scope="session")
def image() -> torch.Tensor:
    rng = np.random.default_rng(3)
    return torch.tensor(rng.uniform(0, 0.5, (160, 192)), dtype=torch.float32)
