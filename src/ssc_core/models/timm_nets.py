"""Networks of the package timm, without their classifier, by timm's own names. Nothing is downloaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from ssc_core.errors import InputError
from ssc_core.models.card import Card, Input

__all__ = ["build_timm", "timm_card", "without_classifier"]

_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")  # no "hf-hub:" and the like, which fetch


def build_timm(name: str) -> Any:
    """The network that timm calls `name`, with random weights, without a classifier, for evaluation.

    Raises
    ------
    InputError
        If timm is not installed or has no such network.
    """
    import torch

    timm = _timm()
    if _NAME.fullmatch(name) and timm.is_model(name):
        with torch.device("cpu"):  # some networks compute while they are made
            return timm.create_model(name, pretrained=False, num_classes=0).eval()
    raise InputError(f"timm has no network called {name!r}; timm.list_models() shows all")


@cache
def timm_card(name: str) -> Card:
    """The card of ``timm:NAME``, from what timm states about it.

    Raises
    ------
    InputError
        As :func:`build_timm`.
    """
    network = build_timm(name)
    stated: Mapping[str, Any] = network.pretrained_cfg
    takes = Input(
        size_px=tuple(stated["input_size"][1:]),
        channels="RGB",
        scale=1.0,
        mean=tuple(stated["mean"]),
        std=tuple(stated["std"]),
        fixed=bool(stated.get("fixed_input_size")),
    )
    source = stated.get("hf_hub_id") or stated.get("url") or "its publisher"
    return Card(
        name=f"timm:{name}",
        task="image features: what timm pools before the classifier",
        architecture=f"timm:{name}",
        input=takes,
        outputs=f"{network.num_features} features",
        training_data=f"as its publisher states ({stated.get('tag') or 'no tag'})",
        licence=str(stated.get("license") or "timm states none; ask its publisher"),
        note=f"weights from {source}",
    )


def without_classifier(arrays: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """`arrays` without the weights of the classifier, which is not built."""
    stated = build_timm(name).pretrained_cfg.get("classifier") or ()
    parts = (stated,) if isinstance(stated, str) else tuple(stated)
    return {n: a for n, a in arrays.items() if not n.startswith(tuple(f"{part}." for part in parts))}


def _timm() -> Any:
    from ssc_core.models.torchvision_cpu import torchvision

    torchvision()  # timm imports it too
    try:
        return import_module("timm")
    except ImportError:
        raise InputError("networks of timm need the package timm; run 'pip install timm'") from None
