"""S-Net: torchvision's classifiers turned into regressors of three scores from one slice.

Jia et al. 2024 (Network design, Fig. 3B, Table 3) take ConvNeXt-Tiny (3-3-9-3 blocks, full layers 768 and
3); the papers of 2022 take VGG11 with ImageNet weights. Names and shapes of the weights are torchvision's,
with one input channel and three outputs, as in the published weights. Where the text leaves something open,
the published code decides: VGG heads are 1024-1024-3, the DenseNet is the 161. It differs in one point: there
SqueezeNet ends in a ReLU and cannot fall below 0; here all outputs are linear.

Table 3 prints 22.53 M parameters for ConvNeXt; torchvision's with one channel and three outputs has 27.82 M.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from ssc_core.errors import InputError
from ssc_core.models.torchvision_cpu import torchvision

__all__ = ["BACKBONES", "FAMILY", "OUTPUTS", "Stem", "architecture_of", "build", "pretrained_card"]

FAMILY = "snet"
OUTPUTS = 3
Stem = Literal["sum", "random"]

BACKBONES = (
    "convnext_tiny", "vgg11", "vgg11_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn", "squeezenet1_0",
    "squeezenet1_1", "resnet18", "resnet50", "resnext50_32x4d", "densenet121", "densenet161",
    "shufflenet_v2_x1_0",
)  # fmt: skip
"""torchvision's names of the networks of Fig. 3B, the default first."""

_VGG_HEAD = 1024
_HEAD_STD = 0.01


def architecture_of(backbone: str) -> str:
    """Name of the architecture, as weights and cards state it: "snet-convnext_tiny"."""
    return f"{FAMILY}-{backbone}"


def pretrained_card(backbone: str) -> str:
    """Name of the card whose ImageNet weights `backbone` starts from (``ssc models fetch`` or ``import``)."""
    own = {"convnext_tiny": "convnext_tiny", "squeezenet1_0": "squeezenet"}
    return own.get(backbone, f"torchvision:{backbone}")


def build(backbone: str, *, stem: Stem = "sum", pretrained: bool = False) -> Any:
    """An S-Net: (n, 1, y, x) to (n, 3), total extent, ground glass and reticulation in percent, linear.

    Parameters
    ----------
    backbone : str
        One of :data:`BACKBONES`.
    stem : {"sum", "random"}
        How the first layer of pretrained weights takes one channel: the kernels of red, green and blue are
        summed, or it starts at random as in the published code. Without pretrained weights all is random.
    pretrained : bool
        Start the convolutions from ImageNet weights that lie on this machine; nothing is fetched.

    Returns
    -------
    torch.nn.Module
        In evaluation mode. New full layers are drawn from a normal distribution (Jia et al. 2024, Network
        design), by torch's current generator: seed and fork that where it matters.

    Raises
    ------
    InputError
        If there is no such backbone, or its weights are not on this machine.
    """
    if backbone not in BACKBONES:
        raise InputError(f"there is no S-Net backbone called {backbone!r}; choose {', '.join(BACKBONES)}")
    network = torchvision().models.get_model(backbone, weights=None)
    if pretrained:
        _start(network, backbone)
    _one_channel(network, stem if pretrained else "random")
    _three_outputs(network, backbone)
    return network.eval()


def _start(network: Any, backbone: str) -> None:
    """ImageNet weights into `network`; the head is replaced later."""
    from safetensors.torch import load_file

    from ssc_core.models.registry import weights_of

    weights = weights_of(pretrained_card(backbone))
    state = load_file(weights.path)
    first = _first_conv(network)[0]
    # a network that was fed 0 to 255 sees 0 to 1 here
    state[f"{first}.weight"] = state[f"{first}.weight"] * weights.card.input.scale
    network.load_state_dict(state, strict=True)


def _first_conv(network: Any) -> tuple[str, Any]:
    return next((name, m) for name, m in network.named_modules() if isinstance(m, nn.Conv2d))


def _one_channel(network: Any, stem: Stem) -> None:
    name, old = _first_conv(network)
    new = nn.Conv2d(1, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None)
    parent = network.get_submodule(name.rpartition(".")[0])
    if stem == "sum":
        with torch.no_grad():
            new.weight.copy_(old.weight.sum(dim=1, keepdim=True))
            if old.bias is not None:
                new.bias.copy_(old.bias)
    elif isinstance(parent, nn.Sequential) and isinstance(parent[1], nn.LayerNorm):
        parent[1].reset_parameters()  # ConvNeXt's stem: convolution and norm start anew together
    setattr(parent, name.rpartition(".")[2], new)


def _three_outputs(network: Any, backbone: str) -> None:
    if backbone.startswith("vgg"):
        head = network.classifier
        for at, (before, after) in {
            0: (head[0].in_features, _VGG_HEAD),
            3: (_VGG_HEAD, _VGG_HEAD),
            6: (_VGG_HEAD, OUTPUTS),
        }.items():
            head[at] = _linear(before, after)
    elif backbone.startswith("squeezenet"):
        network.num_classes = OUTPUTS
        last = nn.Conv2d(512, OUTPUTS, 1)
        nn.init.normal_(last.weight, std=_HEAD_STD)
        nn.init.zeros_(last.bias)
        network.classifier[1] = last
        network.classifier[2] = nn.Identity()  # a ReLU in the classifier: scores would have no slope below 0
    elif backbone.startswith("convnext"):
        network.classifier[2] = _linear(network.classifier[2].in_features, OUTPUTS)
    elif backbone.startswith("densenet"):
        network.classifier = _linear(network.classifier.in_features, OUTPUTS)
    else:
        network.fc = _linear(network.fc.in_features, OUTPUTS)


def _linear(before: int, after: int) -> Any:
    layer = nn.Linear(before, after)
    nn.init.normal_(layer.weight, std=_HEAD_STD)
    nn.init.zeros_(layer.bias)
    return layer
