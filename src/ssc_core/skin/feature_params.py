"""Parameters of feature extraction, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import quantity
from ssc_core.skin.params import SkinParams

__all__ = ["FeatureParams"]


class FeatureParams(SkinParams):
    """Parameters of :func:`ssc_core.skin.feature_case.run_case`: where patches come from, what reads them."""

    backbone: Annotated[
        str,
        quantity(
            "",
            "alexnet (torchvision), alexnet-bvlc (Caffe's and MATLAB's), squeezenet, timm:NAME, morphometry,"
            " or random-alexnet:SEED (no learned meaning).",
            min_length=1,
        ),
    ] = "alexnet"
    layer: Annotated[str, quantity("", "Layer whose output is taken; empty for the network's usual one.")] = (
        ""
    )
    relu: Annotated[
        bool, quantity("", "Set negative outputs to zero, as after the layer's ReLU; the paper's are not.")
    ] = False
    normalise_stain: Annotated[
        bool, quantity("", "Bring patches to a reference stain before the network; the paper does not.")
    ] = False
    weights: Annotated[
        str, quantity("", "Digest that the weights must have; empty takes what is on this machine.")
    ] = ""
    n_measured: Annotated[
        int,
        quantity("", "Patches that are also measured, to say what a score sees; 0 for none.", ge=0, le=20000),
    ] = 25
    batch: Annotated[int, quantity("", "Patches given to the network at a time.", ge=1, le=1024)] = 25
    device: Annotated[Literal["cpu", "cuda"], quantity("", "Where the network computes.")] = "cpu"
