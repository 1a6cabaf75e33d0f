"""Hand-made features of a slice: what cells of 8 x 8 mm look like, counted over the lung."""

from __future__ import annotations

import itertools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CELL", "FEATURES", "features"]

Field = npt.NDArray[np.float32]

CELL = 8
_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_ABOVE = (-850, -800, -750, -700, -650, -600, -500, -400, -200)
_DENSITY = (-820.0, -760.0, -680.0, -560.0)
_DETAIL = (20.0, 35.0, 60.0)
_CELL_NAMES = ("mean", "sd", "detail1", "detail2", "detail4", "edges", "low", "high")

FEATURES: tuple[str, ...] = (
    *(f"{name}_{stat}" for name in _CELL_NAMES for stat in ("average", *(f"q{q:g}" for q in _QUANTILES))),
    *(f"above_{t}" for t in _ABOVE),
    *(f"cells_density{i}_detail{j}" for i in range(len(_DENSITY) + 1) for j in range(len(_DETAIL) + 1)),
    "noise",
    "noise_coarse",
    "area_cm2",
    "depth_mean",
    "high_at_the_pleura",
)


def features(hu: Field, lung: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Features of one slice.

    Parameters
    ----------
    hu : ndarray of float32, (y, x)
        HU, pixels of 1 mm; sides are multiples of 8.
    lung : ndarray of bool, (y, x)
        Lung.

    Returns
    -------
    ndarray of float64
        One value for each of :data:`FEATURES`. Of cells at least half lung: mean, SD, strength of detail at
        1, 2 and 4 mm, slope, 10th and 90th percentile of HU, as average and quantiles; shares of lung above
        thresholds; a joint histogram of density and detail; noise in the soft tissue around.
    """
    soft = np.clip(hu, -1024, 150).astype(np.float32)
    smooth = [soft, *(cv2.GaussianBlur(soft, (0, 0), s) for s in (1.0, 2.0, 4.0))]
    bands = [np.abs(a - b) for a, b in itertools.pairwise(smooth)]
    dy, dx = np.gradient(smooth[1])
    pixels = {"soft": soft, "edges": np.hypot(dy, dx), **{f"d{i}": b for i, b in enumerate(bands)}}
    mask = _cells(lung)
    weight = np.maximum(mask.sum(axis=-1), 1)
    kept = mask.mean(axis=-1) >= 0.5
    if not kept.any():
        kept = mask.any(axis=-1)
    cells = {name: _cells(values) for name, values in pixels.items()}
    mean = {name: ((v * mask).sum(axis=-1) / weight)[kept] for name, v in cells.items()}
    inside = np.where(mask, cells["soft"], np.nan)[kept]
    sd = np.nanstd(inside, axis=-1)
    low, high = np.nanpercentile(inside, [10, 90], axis=-1)
    columns = (mean["soft"], sd, mean["d0"], mean["d1"], mean["d2"], mean["edges"], low, high)
    told = [np.concatenate([[c.mean()], np.quantile(c, _QUANTILES)]) for c in columns]
    values = soft[lung]
    joint = np.histogram2d(
        mean["soft"], mean["d0"] + mean["d1"], bins=[[-2000, *_DENSITY, 2000], [-1, *_DETAIL, 1e4]]
    )[0]
    depth = cv2.distanceTransform(lung.astype(np.uint8), cv2.DIST_L2, 5)
    rind = lung & (depth < 12)
    return np.concatenate(
        [
            *told,
            [(values > t).mean() for t in _ABOVE],
            joint.ravel() / max(joint.sum(), 1),
            _noise(hu, bands, lung),
            [np.count_nonzero(lung) / 100.0, depth[lung].mean(), (soft[rind] > -700).mean()],
        ]
    ).astype(np.float64)


def _cells(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(rows, columns, 64): the pixels of each cell."""
    rows, columns = (n // CELL for n in image.shape)
    cut = image[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    return cut.transpose(0, 2, 1, 3).reshape(rows, columns, CELL * CELL)


def _noise(hu: Field, bands: list[Field], lung: npt.NDArray[np.bool_]) -> list[float]:
    """Median fine and coarse detail in soft tissue outside the lungs; 0 where there is none."""
    mean = cv2.GaussianBlur(hu, (0, 0), 4.0)
    tissue = (mean > -30) & (mean < 120) & ~lung
    if np.count_nonzero(tissue) < 50:
        return [0.0, 0.0]
    return [float(np.median(b[tissue])) for b in bands[:2]]
