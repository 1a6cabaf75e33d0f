"""Networks by the name of their architecture, untrained."""

from __future__ import annotations

from typing import Any

from ssc_core.errors import InputError

__all__ = ["build", "shapes"]


def build(architecture: str) -> Any:
    """A network with random weights, in evaluation mode.

    Parameters
    ----------
    architecture : str
        ``torchvision:NAME`` for a torchvision classifier, ``bvlc:alexnet`` for Caffe's AlexNet up to fc6,
        ``timm:NAME`` for a network of timm without its classifier, ``lnet:NAME`` for an L-Net,
        ``snet-NAME`` for an S-Net.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    InputError
        If there is no such architecture.
    """
    family, _, name = architecture.partition(":")
    if family == "torchvision":
        from ssc_core.models.torchvision_cpu import torchvision

        models = torchvision().models
        if name in models.list_models(module=models):
            return models.get_model(name, weights=None).eval()
    if family == "timm":
        from ssc_core.models.timm_nets import build_timm

        return build_timm(name)
    if family == "lnet":
        from ssc_core.models.lnet import lnet

        return lnet(name).eval()
    if architecture.startswith("snet-"):
        from ssc_core.models.snet import build as snet

        return snet(architecture.removeprefix("snet-"))
    if architecture == "bvlc:alexnet":
        from ssc_core.models.alexnet_bvlc import BvlcAlexNet

        return BvlcAlexNet().eval()
    if family == "extent":
        from ssc_core.models.extent_net import extent_net

        return extent_net(name).eval()
    if family == "unet":
        from ssc_core.models.unet import unet

        return unet(name).eval()
    raise InputError(f"there is no network architecture called {architecture!r}")


def shapes(architecture: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all weights, without making them."""
    import torch

    with torch.device("meta"):
        network = build(architecture)
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
