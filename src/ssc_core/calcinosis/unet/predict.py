"""A trained phalanx U-Net on an image: shares of the classes, by tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.unet.contract import CLASSES, Contract, contract_of
from ssc_core.calcinosis.unet.cubes import from_grid, to_grid
from ssc_core.calcinosis.unet.items import grid_shape
from ssc_core.calcinosis.unet.tiling import tiled
from ssc_core.calcinosis.unet.warp import Pose, warped
from ssc_core.errors import FormatError, InputError
from ssc_core.io.digest import file_digest
from ssc_core.models.nets import build
from ssc_core.models.registry import load, weights_of
from ssc_core.progress import Tick, silent
from ssc_core.training.state import facts_of, read_state

__all__ = ["STARTER", "Segmenter", "network_of", "open_segmenter"]

STARTER = "unet_phalanges"
"""Name of the weights in the package."""

FloatArray = npt.NDArray[np.float32]
_CUBE, _CUBE_OVERLAP = 96, 32  # px, in volumes
_TILE, _OVERLAP = 512, 128  # px of the network's grid; overlap is more than half of what an output sees


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A network with its contract. Made by :func:`open_segmenter`.

    Parameters
    ----------
    name : str
        Name for the record.
    sha256 : str
        Digest of its weights.
    contract : Contract
        What it takes.
    """

    name: str
    sha256: str
    contract: Contract
    _network: Any = field(repr=False)
    architecture: str = ""

    def weights(self, architecture: str) -> dict[str, Any]:
        """Its weights, to begin another training with.

        Raises
        ------
        InputError
            If the other network has another architecture.
        """
        if architecture != self.architecture:
            raise InputError(
                f"the weights to start with are of {self.architecture}, the network to train is"
                f" {architecture}; give the same --width and --depth"
            )
        return dict(self._network.state_dict())

    def shares(
        self, hu: FloatArray, spacing: tuple[float, float], fine: tuple[int, int], tick: Tick = silent
    ) -> FloatArray:
        """Share of each class in each part of an image.

        Parameters
        ----------
        hu : ndarray
            (y, x) float32.
        spacing : tuple of float
            Its pixel size, mm.
        fine : tuple of int
            Into how many parts each pixel is cut along (y, x); 1 for the pixels themselves.
        tick : Tick
            Told after each tile.

        Returns
        -------
        ndarray
            (classes, y, x) float32, adding up to 1.
        """
        step = self.contract.grid_mm
        shape = grid_shape(hu.shape, spacing, step, self._network.multiple)
        middle = tuple((n - 1) / 2 * s for n, s in zip(hu.shape, spacing, strict=True))
        pose = Pose((middle[0], middle[1]))
        layers = np.dstack([self.contract.scaled(hu), np.ones(hu.shape, np.float32)])
        image, inside = np.moveaxis(warped(layers, spacing, pose, shape, step, 0.0), -1, 0)
        image = np.where(inside > 0.5, image / np.maximum(inside, 0.5), np.float32(self.contract.outside))
        seen = np.asarray(image, np.float32)
        coarse = tiled(seen, self._seen, len(CLASSES), _TILE, _OVERLAP, tick)
        return _back(coarse, pose.matrix(shape, spacing, step), hu.shape, fine)

    def volume_shares(self, hu: FloatArray, spacing: Sequence[float], tick: Tick = silent) -> FloatArray:
        """Share of each class in each voxel; the network must be one for volumes.

        Parameters
        ----------
        hu : ndarray
            (z, y, x) float32.
        spacing : sequence of float
            Voxel size, mm.
        tick : Tick
            Told after each tile.

        Returns
        -------
        ndarray
            (classes, z, y, x) float32, adding up to 1.
        """
        step, multiple = self.contract.grid_mm, self._network.multiple
        image = to_grid(self.contract.scaled(hu), spacing, step)
        beyond = [(0, -n % multiple) for n in image.shape]
        padded = np.pad(image, beyond, constant_values=self.contract.outside)
        coarse = tiled(padded, self._seen, len(CLASSES), _CUBE, _CUBE_OVERLAP, tick)
        inner = tuple(slice(0, n) for n in image.shape)
        return np.stack([from_grid(c[inner], spacing, hu.shape, step) for c in coarse])

    def classes(self, hu: FloatArray, spacing: tuple[float, ...]) -> npt.NDArray[np.intp]:
        """Likeliest class of each pixel or voxel."""
        if hu.ndim == 3:
            return np.asarray(self.volume_shares(hu, spacing).argmax(0))
        return np.asarray(self.shares(hu, (spacing[0], spacing[1]), (1, 1)).argmax(0))

    @property
    def ndim(self) -> int:
        """2 for images, 3 for volumes."""
        return 3 if ":3d-" in self.architecture else 2

    def _seen(self, part: FloatArray) -> FloatArray:
        """Mean output over mirror images of a tile."""
        import torch

        views: list[tuple[int, ...]] = [(), (1,), (2,), (1, 2)]
        x = torch.from_numpy(np.stack([np.flip(part[None], v) for v in views]))
        with torch.inference_mode():
            out = torch.softmax(self._network(x).float(), dim=1).numpy()
        back = [np.flip(o, v) for o, v in zip(out, views, strict=True)]
        return np.asarray(np.mean(back, axis=0), np.float32)


def open_segmenter(weights: str | Path = STARTER) -> Segmenter:
    """A phalanx U-Net.

    Parameters
    ----------
    weights : str or path-like
        Name of a model (``ssc models list``), or a ``.safetensors`` file that ``ssc calcinosis train`` wrote.

    Raises
    ------
    InputError
        If there are no such weights.
    FormatError
        If they are damaged or no phalanx U-Net.
    """
    text = str(weights)
    if not text.endswith(".safetensors"):
        found = weights_of(text)
        facts = facts_of(found.path)
        network, kind = load(text).float(), str(facts.get("architecture", ""))
        return Segmenter(text, found.sha256, contract_of(facts, text), network, kind)
    path = Path(weights)
    tensors, facts = read_state(path)
    contract = contract_of(facts, path)
    architecture = str(facts.get("architecture", ""))
    network = build(architecture)
    try:
        network.load_state_dict({n: t.float() if t.is_floating_point() else t for n, t in tensors.items()})
    except RuntimeError as error:
        raise FormatError("the weights do not fit their architecture; train again", source=path) from error
    if not hasattr(network, "multiple"):
        raise InputError("these weights are no U-Net; name others", source=path)
    return Segmenter("trained by the user", file_digest(path), contract, network.eval(), architecture)


def network_of(params: CalcinosisParams, mask: npt.NDArray[np.bool_] | None) -> Segmenter | None:
    """The U-Net, where it is what finds the bones."""
    if not params.bones or mask is not None or params.engine != "unet":
        return None
    return open_segmenter(params.unet_weights)


def _back(
    coarse: FloatArray, matrix: npt.NDArray[np.float64], shape: tuple[int, ...], fine: tuple[int, int]
) -> FloatArray:
    """From the network's grid to the parts of the image's pixels.

    `matrix` takes (x, y) of the grid to (x, y) of the image's pixels.
    """
    fy, fx = fine
    # part (x, y) -> pixel: a pixel's parts lie evenly around its centre
    scale = np.array([1 / fx, 1 / fy])
    offset = (scale - 1) / 2
    inverse = np.linalg.inv(matrix[:, :2])
    linear = inverse @ np.diag(scale)
    shift = inverse @ (offset - matrix[:, 2])
    whole = np.hstack([linear, shift[:, None]])
    size = (shape[1] * fx, shape[0] * fy)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    out = np.stack(
        [cv2.warpAffine(c, whole, size, flags=flags, borderMode=cv2.BORDER_REPLICATE) for c in coarse]
    )
    out = np.clip(out, 0, 1)
    return np.asarray(out / out.sum(0), np.float32)
