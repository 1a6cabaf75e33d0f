"""The part of a network that turns pictures into features: from its input to one layer, without hooks."""

from __future__ import annotations

from typing import Any

from ssc_core.errors import InputError

__all__ = ["layers_of", "up_to"]

_LAYERS = {
    "torchvision:alexnet": ("fc6", "fc7"),
    "bvlc:alexnet": ("fc6",),
    "torchvision:squeezenet1_0": ("pool",),
    "timm": ("pool",),
}


def layers_of(architecture: str) -> tuple[str, ...]:
    """Layers whose output can be taken as features, the usual one first; empty if there are none.

    ``fc6`` and ``fc7`` are outputs of fully connected layers before their ReLU, ``pool`` is the mean of the
    last feature map over the picture.
    """
    family = architecture.partition(":")[0]
    return _LAYERS.get(architecture, _LAYERS.get(family, ()))


def up_to(network: Any, architecture: str, layer: str) -> Any:
    """`network` from its input to `layer`, flat: (n, 3, h, w) to (n, features).

    Parameters
    ----------
    network : torch.nn.Module
        As :func:`ssc_core.models.registry.load` gives it.
    architecture : str
        Its card's architecture.
    layer : str
        One of :func:`layers_of`.

    Returns
    -------
    torch.nn.Module
        In evaluation mode; it shares its weights with `network`.

    Raises
    ------
    InputError
        If features are not taken from this network or layer.
    """
    from torch import nn

    known = layers_of(architecture)
    if layer not in known:
        way_out = f"choose {' or '.join(known)}" if known else "choose another network"
        raise InputError(f"no features are taken from layer {layer!r} of {architecture}; {way_out}")
    if architecture == "torchvision:alexnet":
        # its classifier: dropout, fc6, relu, dropout, fc7, relu, fc8; dropout does nothing in evaluation
        head = [network.classifier[1]]
        if layer == "fc7":
            head += [nn.ReLU(), network.classifier[4]]
        return nn.Sequential(network.features, network.avgpool, nn.Flatten(1), *head).eval()
    if architecture == "torchvision:squeezenet1_0":
        return nn.Sequential(network.features, nn.AdaptiveAvgPool2d(1), nn.Flatten(1)).eval()
    return network.eval()  # built without anything behind the layer
