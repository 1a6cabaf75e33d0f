"""Cards of torchvision's classifiers with their ImageNet weights, by torchvision's own names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath

import numpy as np

from ssc_core.errors import InputError
from ssc_core.models.card import Card, Input
from ssc_core.models.torchvision_cpu import torchvision

__all__ = ["densenet_names", "torchvision_card"]


@cache
def torchvision_card(name: str) -> Card:
    """The card of ``torchvision:NAME``, from what torchvision states about its first ImageNet weights.

    Raises
    ------
    InputError
        If torchvision has no such classifier.
    """
    models = torchvision().models
    if name not in models.list_models(module=models):
        raise InputError(f"torchvision has no classifier called {name!r}; 'convnext_tiny' is one")
    weights = models.get_model_weights(name).IMAGENET1K_V1
    taken = weights.transforms()
    return Card(
        name=f"torchvision:{name}",
        task="start of an S-Net (lung scores), or image features",
        architecture=f"torchvision:{name}",
        input=Input(
            size_px=(taken.crop_size[0], taken.crop_size[0]),
            channels="RGB",
            scale=1.0,
            mean=tuple(taken.mean),
            std=tuple(taken.std),
        ),
        outputs="1000 ImageNet classes",
        training_data="ImageNet-1K (ILSVRC 2012), natural images",
        licence="torchvision weights, BSD-3-Clause code; ImageNet's terms of use apply to its images",
        url=weights.url,
        sha256=PurePosixPath(weights.url).stem.rpartition("-")[2],
        megabytes=weights.meta["_file_size"],
    )


def densenet_names(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights of a DenseNet as published, under today's names ("norm.1" is "norm1" now)."""
    pattern = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
    return {pattern.sub(r"\1\2", name): array for name, array in arrays.items()}
