"""Nuclei of the epidermis, the dermis and the adnexa as ellipses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.anatomy import PAPILLARY_UM, Anatomy

__all__ = ["dermal_nuclei", "epidermal_nuclei", "placed"]

FloatArray = npt.NDArray[np.float64]


def dermal_nuclei(rng: np.random.Generator, anatomy: Anatomy, per_mm2: float, slender: float) -> FloatArray:
    """Fibroblasts (spindles along the lay) and, near the surface, rounder mononuclear cells.

    Returns
    -------
    ndarray
        (n, 5): upright y, x, semi-axes, angle.
    """
    area = (anatomy.right - anatomy.left) * float((anatomy.bottom - anatomy.junction).max())
    n = rng.poisson(per_mm2 * area / 1e6)
    x = rng.uniform(anatomy.left + 6.0, anatomy.right - 6.0, n)
    top, end = anatomy.at(anatomy.junction, x), anatomy.at(anatomy.bottom, x)
    y = top + 5.0 + rng.uniform(0.0, float((anatomy.bottom - anatomy.junction).max()), n)
    superficial = (y - top) < PAPILLARY_UM
    keep = y < end - 5.0
    round_ = rng.random(n) < np.where(superficial, 0.45, 0.12)
    along = np.where(round_, rng.uniform(2.6, 3.6, n), rng.uniform(4.0, 7.5, n))
    across = np.where(
        round_, along * rng.uniform(0.8, 1.0, n), rng.uniform(0.9, 1.7, n) * (1.2 - 0.4 * slender)
    )
    angle = rng.vonmises(0.0, 1.2 + 2.0 * slender, n) * 0.5
    more = _doubled(rng, np.stack([y, x, along, across, angle], -1)[keep], superficial[keep])
    return more


def _doubled(rng: np.random.Generator, nuclei: FloatArray, chosen: npt.NDArray[np.bool_]) -> FloatArray:
    """The superficial dermis holds about twice the cells."""
    extra = nuclei[chosen].copy()
    extra[:, :2] += rng.normal(0.0, 14.0, (len(extra), 2))
    return np.concatenate([nuclei, extra])


def epidermal_nuclei(rng: np.random.Generator, anatomy: Anatomy) -> FloatArray:
    """A palisade of basal nuclei and loosely packed spinous ones, flatter towards the surface; (n, 5)."""
    x = np.arange(anatomy.left + 5.0, anatomy.right - 5.0, 6.6)
    x = x + rng.uniform(-1.2, 1.2, len(x))
    y = anatomy.at(anatomy.junction, x) - rng.uniform(4.5, 7.0, len(x))
    basal = np.stack([y, x, rng.uniform(3.0, 4.2, len(x)), rng.uniform(1.9, 2.6, len(x)),
                      np.pi / 2 + rng.normal(0.0, 0.25, len(x))], -1)  # fmt: skip
    pitch = 11.5
    rows = np.arange(float(anatomy.granular.min()), float(anatomy.junction.max()), pitch * 0.8)
    columns = np.arange(anatomy.left + 8.0, anatomy.right - 8.0, pitch)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    grid = grid + rng.uniform(-0.38, 0.38, grid.shape) * pitch
    top, end = anatomy.at(anatomy.granular, grid[:, 1]), anatomy.at(anatomy.junction, grid[:, 1])
    grid = grid[(grid[:, 0] > top + 5.0) & (grid[:, 0] < end - 12.0)]
    height = (grid[:, 0] - anatomy.at(anatomy.granular, grid[:, 1])) / 50.0
    n = len(grid)
    across = 3.4 * np.clip(0.45 + 0.55 * height, 0.45, 1.0) * rng.uniform(0.85, 1.1, n)
    spinous = np.column_stack([grid, rng.uniform(3.2, 4.2, n), across, rng.normal(0.0, 0.3, n)])
    return np.concatenate([basal, spinous])


def placed(anatomy: Anatomy, nuclei: FloatArray | Sequence[tuple[float, ...]]) -> FloatArray:
    """Upright nuclei (n, 5) on the slide, without those that the punch cut off."""
    out = np.array(nuclei, float).reshape(-1, 5)
    out = out[anatomy.within(out[:, :2], 5.0)]
    out[:, :2] = anatomy.tilt(out[:, :2])
    out[:, 4] -= anatomy.tilt.angle
    return out
