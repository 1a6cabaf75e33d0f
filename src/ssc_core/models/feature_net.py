"""Networks as makers of features: pictures of uint8 in, float32 numbers of one layer out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.models.card import Input, card
from ssc_core.models.layers import layers_of, up_to
from ssc_core.models.nets import build
from ssc_core.models.registry import load, weights_of

__all__ = ["RANDOM", "FeatureNet", "open_feature_net"]

RANDOM = "random-alexnet"
"""``random-alexnet:SEED`` is torchvision's AlexNet with random weights: for tests of a pipeline."""


@dataclass(frozen=True, eq=False)
class FeatureNet:
    """A network up to one layer. Made by :func:`open_feature_net`.

    Parameters
    ----------
    name, layer : str
        Which network, which layer.
    weights : str
        "sha256:..." of the weights, or "seed:N".
    takes : Input
        Size and scaling of its pictures.
    size_px : int or None
        Side of its pictures where it takes one size only.
    width : int
        Number of features.
    """

    name: str
    layer: str
    weights: str
    takes: Input
    size_px: int | None
    width: int
    device: str
    _network: Any

    def __call__(self, pictures: npt.NDArray[np.uint8], *, relu: bool = False) -> npt.NDArray[np.float32]:
        """Features of pictures.

        Parameters
        ----------
        pictures : (n, h, w, 3) uint8
            Red, green, blue.
        relu : bool
            Set negative outputs to zero.

        Returns
        -------
        (n, width) float32
        """
        import torch

        with torch.inference_mode(), _full_float32():
            # channels stay last in memory: no copy, and the faster layout for convolutions
            x = torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device).permute(0, 3, 1, 2)
            out = self._network(_scaled(x, self.takes))
            if relu:
                out = torch.relu(out)
            features: npt.NDArray[np.float32] = out.float().cpu().numpy()
        return features

    @property
    def normalisation(self) -> str:
        """How grey values are brought to the network's input, with all numbers."""
        takes = self.takes
        mean, std = (" ".join(f"{v:g}" for v in values) for values in (takes.mean, takes.std))
        steps = [f"{takes.channels} in 0 to {takes.scale:g}"]
        if any(takes.mean):
            steps.append(f"minus {mean}")
        if hasattr(self._network, "mean"):
            steps.append(f"minus {_told(self._network.mean)}")
        if any(v != 1 for v in takes.std):
            steps.append(f"over {std}")
        return ", ".join(steps)


def open_feature_net(name: str, layer: str = "", device: str = "cpu") -> FeatureNet:
    """The network called `name`, up to `layer`.

    Parameters
    ----------
    name : str
        A card's name, or ``random-alexnet:SEED``.
    layer : str
        See :func:`ssc_core.models.layers.layers_of`; the usual one if empty.
    device : str
        "cpu" or "cuda".

    Raises
    ------
    InputError
        If there is no such network, layer or device, or its weights are not on this machine.
    FormatError
        If its weights changed since they were imported.
    """
    seed = _seed_in(name)
    chosen = card("alexnet" if seed is not None else name)
    layers = layers_of(chosen.architecture)
    if not layers:
        raise InputError(f"no features are taken from {name}; 'ssc models list' shows others")
    layer = layer or layers[0]
    if layer not in layers:
        known = " or ".join(layers)
        raise InputError(f"no features are taken from layer {layer!r} of {name}; choose {known}")
    digest = weights_of(name).sha256 if seed is None else f"seed:{seed}"
    network = _ready(name, chosen.architecture, layer, digest, _checked(device))
    size = chosen.input.size_px[0]
    width = _width(network, size)
    taken = size if chosen.input.fixed else None
    return FeatureNet(name, layer, digest, chosen.input, taken, width, device, network)


@lru_cache(maxsize=2)
def _ready(name: str, architecture: str, layer: str, digest: str, device: str) -> Any:
    """The network on its device; kept, since a study uses the same one for every biopsy."""
    import torch

    seed = _seed_in(name)
    if seed is None:
        network = up_to(load(name), architecture, layer)
    else:
        with torch.device("meta"):  # only what is used gets weights
            network = up_to(build(architecture), architecture, layer)
        network = _drawn(network.to_empty(device="cpu"), seed)
    return network.to(device=device, memory_format=torch.channels_last)


def _drawn(network: Any, seed: int) -> Any:
    """Weights from N(0, 2 / inputs), biases 0 (He et al. 2015), drawn by NumPy: the same on every machine."""
    import torch

    draw = np.random.default_rng(seed)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                weight.zero_()
            else:
                inputs = int(np.prod(weight.shape[1:]))
                values = draw.standard_normal(tuple(weight.shape), np.float32)
                weight.copy_(torch.from_numpy(values * np.float32((2 / inputs) ** 0.5)))
    return network


def _seed_in(name: str) -> int | None:
    """The seed of a random network, None for others."""
    family, _, seed = name.partition(":")
    if family != RANDOM:
        return None
    if not (seed.isascii() and seed.isdigit()):
        raise InputError(f"a random network needs a seed, as {RANDOM}:0 (given {name!r})")
    return int(seed)


def _checked(device: str) -> str:
    import torch

    if device not in ("cpu", "cuda"):
        raise InputError(f"--device is cpu or cuda (given {device!r})")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no GPU that torch can use here; take --device cpu")
    return device


def _width(network: Any, size: int) -> int:
    """Number of features, without computing any."""
    import torch

    with torch.inference_mode():
        device = next(network.parameters()).device
        return int(network(torch.zeros(1, 3, size, size, device=device)).shape[1])


def _scaled(x: Any, takes: Input) -> Any:
    """uint8 RGB (n, 3, h, w) as the network takes it."""
    import torch

    if takes.channels == "BGR":
        x = x.flip(1)
    x = x.float() * (takes.scale / 255)
    mean = torch.tensor(takes.mean, device=x.device).view(1, -1, 1, 1)
    std = torch.tensor(takes.std, device=x.device).view(1, -1, 1, 1)
    return (x - mean) / std


def _told(mean: Any) -> str:
    """A mean image in words: its channel means, and whether it is one colour all over."""
    values = " ".join(f"{v:.6g}" for v in mean.mean(dim=(1, 2)).tolist())
    flat = bool((mean == mean[:, :1, :1]).all())
    return values if flat else f"the mean image of the weights (channel means {values})"


@contextmanager
def _full_float32() -> Iterator[None]:
    """Keep GPUs from rounding to 10 bits in convolutions and products."""
    import torch

    if not torch.cuda.is_available():
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
