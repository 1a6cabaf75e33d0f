"""Caffe's AlexNet against layer-by-layer arithmetic and a second library, from every layout."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from ssc_core.errors import FormatError
from ssc_core.models import registry
from ssc_core.models.alexnet_bvlc import BvlcAlexNet
from ssc_core.models.bvlc_layout import CAFFE_MEAN_BGR, to_bvlc
from ssc_core.models.feature_net import open_feature_net

MEAN_RGB = np.array(CAFFE_MEAN_BGR)[::-1]
Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def caffe() -> Arrays:
    """Arrays as Caffe keeps them: (filters, channels, h, w), BGR, 256 x 256 mean image."""
    rng = np.random.default_rng(0)
    shapes = {
        "conv1": (96, 3, 11, 11), "conv2": (256, 48, 5, 5), "conv3": (384, 256, 3, 3),
        "conv4": (384, 192, 3, 3), "conv5": (256, 192, 3, 3), "fc6": (4096, 9216),
    }  # fmt: skip
    out: Arrays = {}
    for name, shape in shapes.items():
        scale = np.float32((2 / np.prod(shape[1:])) ** 0.5 / (60 if name == "conv1" else 1))
        out[f"{name}.weight"] = rng.standard_normal(shape, np.float32) * scale
        out[f"{name}.bias"] = rng.normal(size=shape[0]).astype(np.float32) * 0.1
    ramp = np.linspace(-20, 20, 256)[:, None] + np.linspace(-5, 5, 256)
    out["mean"] = (np.array(CAFFE_MEAN_BGR)[:, None, None] + ramp).astype(np.float32)
    return out


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (2, 30, 30, 3), np.uint8)
    return np.stack([cv2.resize(p, (227, 227), interpolation=cv2.INTER_CUBIC) for p in coarse])


@pytest.fixture(scope="module")
def network(caffe: Arrays) -> BvlcAlexNet:
    net = BvlcAlexNet().eval()
    net.load_state_dict({n: torch.from_numpy(a) for n, a in to_bvlc(caffe).items()}, strict=True)
    return net


def _fc6(net: BvlcAlexNet, patches: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return net(torch.from_numpy(patches).permute(0, 3, 1, 2).float()).numpy()


def _by_hand(arrays: Arrays, rgb: np.ndarray) -> np.ndarray:
    """fc6 of one patch in float64 from Caffe's arrays, layer after layer as bvlc_alexnet is defined."""

    def conv(x: np.ndarray, name: str, stride: int = 1, pad: int = 0, groups: int = 1) -> np.ndarray:
        w, b = arrays[f"{name}.weight"].astype(float), arrays[f"{name}.bias"].astype(float)
        x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        out = []
        for part, filters in zip(np.split(x, groups), np.split(w, groups), strict=True):
            windows = sliding_window_view(part, w.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
            out.append(np.einsum("chwij,ncij->nhw", windows, filters, optimize=True))
        return np.maximum(np.concatenate(out) + b[:, None, None], 0)

    def norm(x: np.ndarray) -> np.ndarray:
        square = np.pad(x**2, ((2, 2), (0, 0), (0, 0)))
        total = sum(square[k : k + len(x)] for k in range(5))
        return x / (1 + 1e-4 / 5 * total) ** 0.75

    def pool(x: np.ndarray) -> np.ndarray:
        return sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(-2, -1))

    bgr = rgb[..., ::-1].transpose(2, 0, 1).astype(float)
    x = bgr - arrays["mean"][:, 14 : 14 + 227, 14 : 14 + 227]
    x = pool(norm(conv(x, "conv1", stride=4)))
    x = pool(norm(conv(x, "conv2", pad=2, groups=2)))
    x = conv(x, "conv3", pad=1)
    x = conv(x, "conv4", pad=1, groups=2)
    x = pool(conv(x, "conv5", pad=1, groups=2))
    assert x.shape == (256, 6, 6)
    return arrays["fc6.weight"] @ x.ravel() + arrays["fc6.bias"]


def test_forward_equals_arithmetic_by_hand(caffe: Arrays, network: BvlcAlexNet, patches: np.ndarray) -> None:
    ours = _fc6(network, patches[:1])[0]
    true = _by_hand(caffe, patches[0])
    assert ours.min() < 0 < ours.max()
    assert np.abs(ours - true).max() < 1e-5 * np.abs(true).max()


def _matlab(arrays: Arrays) -> Arrays:
    """The same network as MATLAB's layers hold it: RGB, filters last, a fifth axis for groups."""
    out: Arrays = {}
    for name, array in arrays.items():
        if name == "mean":
            out["mean"] = array[::-1, 14 : 14 + 227, 14 : 14 + 227].transpose(1, 2, 0)
        elif name.endswith(".bias"):
            groups = 2 if name[:5] in ("conv2", "conv4", "conv5") else 1
            flat = array.reshape(groups, -1).T[None, None] if groups == 2 else array[None, None]
            out[name.replace(".bias", "_Bias")] = array[:, None] if name.startswith("fc") else flat
        elif name == "fc6.weight":
            columns = array.reshape(4096, 256, 6, 6).transpose(0, 2, 3, 1)  # filters, h, w, channels
            out["fc6_Weights"] = columns.reshape(4096, 9216, order="F")
        else:
            array = array[:, ::-1] if name.startswith("conv1") else array
            groups = 2 if name[:5] in ("conv2", "conv4", "conv5") else 1
            parts = [part.transpose(2, 3, 1, 0) for part in np.split(array, groups)]
            out[name.replace(".weight", "_Weights")] = np.stack(parts, -1) if groups == 2 else parts[0]
    return out


def _onnx_zoo(arrays: Arrays) -> Arrays:
    names = {n: n.replace(".weight", "_w_0").replace(".bias", "_b_0") for n in arrays}
    out = {names[n]: a for n, a in arrays.items() if n != "mean"}
    return {**out, "fc7_w_0": np.zeros((3, 3), np.float32), "OC2_DUMMY_1": np.array([1, 9216])}


def _matlab_onnx(arrays: Arrays) -> Arrays:
    out = {n.replace(".weight", "_W").replace(".bias", "_B"): a for n, a in arrays.items() if n != "mean"}
    out["conv1_W"] = out["conv1_W"][:, ::-1]
    out["fc6_W"] = out["fc6_W"].reshape(4096, 256, 6, 6)
    return {**out, "data_Mean": arrays["mean"][None, ::-1, 14:241, 14:241]}


@pytest.mark.parametrize("layout", [_matlab, _matlab_onnx])
def test_every_layout_gives_the_same_weights(layout: Callable[[Arrays], Arrays], caffe: Arrays) -> None:
    true, found = to_bvlc(caffe), to_bvlc(layout(caffe))
    assert set(true) == set(found)
    for name, array in true.items():
        assert np.array_equal(found[name], array), name


def test_caffes_arrays_without_a_mean_get_the_published_one(caffe: Arrays) -> None:
    found = to_bvlc(_onnx_zoo(caffe))
    assert np.allclose(found["mean"].mean(axis=(1, 2)), MEAN_RGB)
    assert np.array_equal(found["conv1.weight"], caffe["conv1.weight"][:, ::-1])
    assert np.array_equal(found["fc6.weight"], caffe["fc6.weight"])


def test_our_own_arrays_come_through_unchanged(caffe: Arrays) -> None:
    once = to_bvlc(caffe)
    again = to_bvlc(once)
    assert all(np.array_equal(once[n], again[n]) for n in once)


def test_what_cannot_be_told_is_refused(caffe: Arrays) -> None:
    matlab = _matlab(caffe)
    matlab.pop("mean")
    with pytest.raises(FormatError, match="no mean image"):
        to_bvlc(matlab)
    with pytest.raises(FormatError, match="red and blue"):
        to_bvlc({**caffe, "mean": np.full((3, 227, 227), 110.0, np.float32)})
    with pytest.raises(FormatError, match="the mean has shape"):
        to_bvlc({**caffe, "mean": np.zeros((3, 64, 64), np.float32)})
    with pytest.raises(FormatError, match="no weights of a layer conv1"):
        to_bvlc({"features.0.weight": np.zeros((64, 3, 11, 11), np.float32)})
    with pytest.raises(FormatError, match=r"conv1 has shape \(64, 3, 11, 11\)"):
        to_bvlc({"conv1.weight": np.zeros((64, 3, 11, 11), np.float32)})


@pytest.fixture(scope="module")
def onnx_file(network: BvlcAlexNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network as torch's own exporter writes it (its step that needs onnx changes nothing)."""
    path = tmp_path_factory.mktemp("onnx") / "ZZNAME.onnx"
    home = "torch.onnx._internal.torchscript_exporter.onnx_proto_utils"
    try:
        utils = importlib.import_module(home)
    except ImportError:
        utils = importlib.import_module(home.replace(".torchscript_exporter", ""))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this exporter will be replaced one day
        patch.setattr(utils, "_add_onnxscript_fn", lambda proto, *_: proto)
        torch.onnx.export(network, (torch.zeros(1, 3, 227, 227),), str(path), dynamo=False)
    return path


def test_an_onnx_file_is_imported_and_a_second_library_agrees(
    onnx_file: Path, patches: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path))
    registry.import_file("alexnet-bvlc", onnx_file)
    ours = open_feature_net("alexnet-bvlc")
    assert ours.weights.startswith("sha256:")
    assert "the mean image of the weights (channel means 122" in ours.normalisation
    theirs = cv2.dnn.readNetFromONNX(str(onnx_file))
    for patch, found in zip(patches, ours(patches), strict=True):
        theirs.setInput(patch.transpose(2, 0, 1)[None].astype(np.float32))
        true = theirs.forward()[0]
        assert np.abs(found - true).max() < 1e-5 * np.abs(true).max()
