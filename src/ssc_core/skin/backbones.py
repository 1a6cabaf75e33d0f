"""What turns patches into features: networks, random networks, or morphometry, all used in the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.models.feature_net import open_feature_net
from ssc_core.skin.morphometry import FEATURES, measure_field
from ssc_core.skin.stain import Rgb, StainModel

__all__ = ["MORPHOMETRY", "Backbone", "open_backbone"]

Features = npt.NDArray[np.float32]

MORPHOMETRY = tuple(
    name for name in FEATURES if name not in ("orientation_deg", "mean_red", "mean_green", "mean_blue")
)
"""Features of the ``morphometry`` backbone. Left out are the direction of the collagen, which depends on how
the section lies on the glass and runs in a circle, and the grey values, which are of stain and scanner."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """Patches in, features out. Made by :func:`open_backbone`.

    Parameters
    ----------
    name, layer, relu, weights, normalisation
        As in :class:`ssc_core.io.features.FeatureMeta`.
    names : tuple of str
        One per feature.
    patch_px : int or None
        Side of the patches it takes; None if any.
    device : str
        Where it computes.
    needs_stain : bool
        Whether `compute` uses the slide's stain.
    compute : callable
        ``compute(patches, stain, mpp)``: (n, h, w, 3) uint8 RGB to (n, features) float32.
    """

    name: str
    layer: str
    relu: bool
    weights: str
    normalisation: str
    names: tuple[str, ...]
    patch_px: int | None
    device: str
    needs_stain: bool
    compute: Callable[[Rgb, StainModel | None, float], Features]

    def __repr__(self) -> str:
        what = f"{self.layer}{' after its ReLU' if self.relu else ''}" if self.layer else "no weights"
        return f"<Backbone {self.name}: {what}, {len(self.names)} features, {self.device}>"


def open_backbone(name: str, *, layer: str = "", relu: bool = False, device: str = "cpu") -> Backbone:
    """The backbone called `name`, with its weights checked against the digest noted when they came.

    Parameters
    ----------
    name : str
        "alexnet" (torchvision, ImageNet), "alexnet-bvlc" (Caffe's and MATLAB's), "squeezenet", "timm:NAME"
        (any network of timm whose weights were imported), "morphometry" (no weights), or
        "random-alexnet:SEED" (torchvision's AlexNet with random weights, for tests of a pipeline; its
        features have no learned meaning).
    layer : str
        Layer whose output is taken; the network's usual one if empty (fc6 for both AlexNets).
    relu : bool
        Set negative outputs of a fully connected layer to zero. False is what MATLAB's
        ``activations(net, I, 'fc6')`` gives; Caffe's blob of that name is after the ReLU.
    device : str
        "cpu", or "cuda" for a GPU (in full float32).

    Returns
    -------
    Backbone

    Raises
    ------
    InputError
        If there is no such backbone, layer or device, or its weights are not on this machine; the message
        then names the licence, the file to get and the command.
    FormatError
        If the weights changed since they were imported.
    """
    if name == "morphometry":
        if layer or relu:
            raise InputError("morphometry has no layers; leave --layer and --relu out")
        return _morphometry()
    network = open_feature_net(name, layer, device)
    if relu and not network.layer.startswith("fc"):
        raise InputError(f"--relu is for fully connected layers, not for {network.layer!r} of {name}")

    def compute(patches: Rgb, stain: StainModel | None, mpp: float) -> Features:
        return network(patches, relu=relu)

    names = tuple(f"{network.layer}_{k:04d}" for k in range(1, network.width + 1))
    return Backbone(
        name,
        network.layer,
        relu,
        network.weights,
        network.normalisation,
        names,
        network.size_px,
        device,
        False,
        compute,
    )


def _morphometry() -> Backbone:
    def compute(patches: Rgb, stain: StainModel | None, mpp: float) -> Features:
        assert stain is not None
        rows = [measure_field(patch, stain, mpp) for patch in patches]
        return np.array([[row[name] for name in MORPHOMETRY] for row in rows], np.float32)

    how = "optical density in units of the slide's own stain"
    return Backbone("morphometry", "", False, "", how, MORPHOMETRY, None, "cpu", True, compute)
