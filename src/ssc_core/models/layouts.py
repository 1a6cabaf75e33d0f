"""The same weights under other people's names, brought to the names of our architectures."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ssc_core.errors import FormatError
from ssc_core.models.bvlc_layout import to_bvlc

__all__ = ["fitted"]

_CAFFE_SQUEEZENET = {
    "conv1": "features.0",
    **{f"fire{i}": f"features.{i + 1}" for i in (2, 3, 4)},
    **{f"fire{i}": f"features.{i + 2}" for i in (5, 6, 7, 8)},
    "fire9": "features.12",
    "conv10": "classifier.1",
    "conv_final": "classifier.1",
}
_CAFFE_FIRE = {
    "conv1x1_1": "squeeze",
    "conv1x1_2": "expand1x1",
    "conv3x3_2": "expand3x3",
    "squeeze1x1": "squeeze",
}


def fitted(
    arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], architecture: str
) -> dict[str, np.ndarray]:
    """`arrays` under the names that `architecture` expects, checked against its `shapes`.

    Raises
    ------
    FormatError
        If a weight is missing, left over or of another shape.
    """
    renamed = dict(arrays)
    if set(renamed) != set(shapes) and architecture == "torchvision:squeezenet1_0":
        renamed = {_from_caffe_squeezenet(name): array for name, array in arrays.items()}
    if "densenet" in architecture:
        from ssc_core.models.torchvision_nets import densenet_names

        renamed = densenet_names(arrays)
    if architecture == "bvlc:alexnet":
        renamed = to_bvlc(arrays)
    if architecture.startswith("timm:"):
        from ssc_core.models.timm_nets import without_classifier

        renamed = without_classifier(arrays, architecture.removeprefix("timm:"))
    missing = sorted(set(shapes) - set(renamed))
    extra = sorted(set(renamed) - set(shapes))
    if missing or extra:
        raise FormatError(
            f"the weights do not fit {architecture}: {len(missing)} are missing ({_some(missing)}), "
            f"{len(extra)} are unknown ({_some(extra)})"
        )
    other = [n for n, shape in shapes.items() if renamed[n].shape != shape]
    if other:
        name = other[0]
        raise FormatError(
            f"the weights do not fit {architecture}: {name} has shape {renamed[name].shape}, "
            f"expected {shapes[name]}"
        )
    broken = [n for n in shapes if not np.all(np.isfinite(renamed[n]))]
    if broken:
        raise FormatError(f"the weights hold NaN or infinity in {_some(broken)}; get the file again")
    return {name: np.asarray(renamed[name], order="C") for name in shapes}


def _from_caffe_squeezenet(name: str) -> str:
    match = re.fullmatch(r"(\w+?)(?:[./](\w+))?[._](weight|bias)", name)
    if match is None or match[1] not in _CAFFE_SQUEEZENET:
        return name
    part = f".{_CAFFE_FIRE.get(match[2], match[2])}" if match[2] else ""
    return f"{_CAFFE_SQUEEZENET[match[1]]}{part}.{match[3]}"


def _some(names: list[str]) -> str:
    return (", ".join(names[:3]) + (" ..." if len(names) > 3 else "")) or "none"
