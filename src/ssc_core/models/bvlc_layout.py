"""Weights of Caffe's AlexNet as others keep them, turned to ours: Caffe's arrays, ONNX, MATLAB's layers.

What differs is told by what is in the file, never assumed:

- *names*: ``conv1.weight``, ``conv1/weight``, ``conv1_w_0`` (ONNX model zoo), ``conv1_W`` (MATLAB's ONNX
  export), ``conv1_Weights`` (MATLAB's layer properties);
- *axes*: filters are (filters, channels, height, width) in Caffe and ONNX, (height, width, channels, filters)
  in MATLAB, with a fifth axis for the groups. The columns of MATLAB's fc6 run over the height first, then the
  width, then the channels; Caffe's the other way round;
- *colours*: Caffe's network takes blue, green, red, MATLAB's red, green, blue. Where the file holds the mean
  image, its colours decide (blue is the darkest channel of ImageNet's mean). Caffe's arrays without one get
  Caffe's published channel means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ssc_core.errors import FormatError

__all__ = ["CAFFE_MEAN_BGR", "to_bvlc"]

CAFFE_MEAN_BGR = (104.0069879317889, 116.66876761696767, 122.6789143406786)
"""Channel means of ``ilsvrc_2012_mean.npy``, as in Caffe's classification example."""

_SIDE = 227
_WEIGHT = re.compile(r"(?:.*/)?(conv[1-5]|fc[678])[._/ ](w|weights?|b|bias|biases)(_0)?", re.IGNORECASE)
_MEAN = re.compile(r"(?:data[._/])?(mean|mean_?image|average_?image)", re.IGNORECASE)
_CLEAR = 3.0  # grey values by which red and blue must differ to tell them apart


def to_bvlc(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`arrays` under our names, in our axes, for RGB input; layers behind fc6 are left out.

    Raises
    ------
    FormatError
        If the layout or the colours cannot be told.
    """
    found, mean = _named(arrays)
    matlab = _is_matlab(found)
    out = {name: _axes(name, array, matlab) for name, array in found.items()}
    image, bgr = _mean(mean, matlab, arrays)
    if bgr and "conv1.weight" in out:
        out["conv1.weight"] = out["conv1.weight"][:, ::-1]
    out["mean"] = image[::-1] if bgr else image
    return {name: np.ascontiguousarray(array, np.float32) for name, array in out.items()}


def _named(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Weights of the layers up to fc6 by our names (unknown ones keep theirs), and the mean."""
    found: dict[str, np.ndarray] = {}
    mean = None
    for name, array in arrays.items():
        if _MEAN.fullmatch(name):
            mean = array
        elif match := _WEIGHT.fullmatch(name):
            layer, kind = match[1].lower(), "weight" if match[2].lower().startswith("w") else "bias"
            if layer not in ("fc7", "fc8"):
                found[f"{layer}.{kind}"] = array
        elif array.dtype.kind == "f":  # whole numbers in ONNX files are shapes
            found[name] = array
    return found, mean


def _is_matlab(found: Mapping[str, np.ndarray]) -> bool:
    """Whether filters are (height, width, channels, filters)."""
    first = found.get("conv1.weight")
    if first is None:
        raise FormatError("the file holds no weights of a layer conv1; it is not Caffe's or MATLAB's AlexNet")
    if first.shape == (96, 3, 11, 11):
        return False
    if first.shape == (11, 11, 3, 96):
        return True
    raise FormatError(
        f"conv1 has shape {first.shape}, but Caffe's AlexNet has (96, 3, 11, 11) and MATLAB's (11, 11, 3, 96)"
    )


def _axes(name: str, array: np.ndarray, matlab: bool) -> np.ndarray:
    if name.endswith(".bias"):
        return array.ravel(order="F")
    if name == "fc6.weight":
        return _fc6(array, matlab)
    if matlab and name.startswith("conv"):
        grouped = array[..., None] if array.ndim == 4 else array
        if grouped.ndim != 5:
            raise FormatError(f"{name} has shape {array.shape}, which is no set of filters")
        height, width, channels, filters, groups = grouped.shape
        return grouped.transpose(4, 3, 2, 0, 1).reshape(groups * filters, channels, height, width)
    return array


def _fc6(array: np.ndarray, matlab: bool) -> np.ndarray:
    """(4096, 9216) with columns over channels, then height, then width."""
    if array.shape in ((4096, 256, 6, 6), (1, 1, 4096, 9216)):
        return array.reshape(4096, 9216)
    if array.shape == (9216, 4096):
        array = array.T
    if matlab and array.shape == (4096, 9216):
        return array.reshape(4096, 256, 6, 6).transpose(0, 1, 3, 2).reshape(4096, 9216)
    return array


def _mean(mean: np.ndarray | None, matlab: bool, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, bool]:
    """Mean image (3, 227, 227) in the network's own order of colours, and whether that is BGR."""
    if mean is None:
        if matlab or any(name.endswith("_W") for name in arrays):
            raise FormatError(
                "the file holds no mean image; add MATLAB's net.Layers(1).Mean to it under the name 'mean'"
            )
        return np.broadcast_to(np.array(CAFFE_MEAN_BGR)[:, None, None], (3, _SIDE, _SIDE)), True
    image = np.squeeze(mean)
    if image.ndim == 3 and image.shape[-1] == 3:
        image = image.transpose(2, 0, 1)
    if image.ndim == 1:
        image = image[:, None, None] * np.ones((1, _SIDE, _SIDE))
    if image.ndim != 3 or len(image) != 3 or min(image.shape[1:]) < _SIDE:
        raise FormatError(f"the mean has shape {mean.shape}; give 3 numbers or an image of at least 227 px")
    top, left = ((n - _SIDE) // 2 for n in image.shape[1:])  # Caffe crops the middle of 256 x 256
    image = image[:, top : top + _SIDE, left : left + _SIDE]
    first, last = float(image[0].mean()), float(image[2].mean())
    if abs(first - last) < _CLEAR:
        raise FormatError("red and blue of the mean image cannot be told apart; it is not ImageNet's")
    return image, first < last
