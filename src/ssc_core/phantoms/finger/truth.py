"""From fine planes to pixels and to the truth about them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage as ndi

from ssc_core.phantoms.finger.deposits import Deposit
from ssc_core.phantoms.finger.render import Grid, Hand, Planes
from ssc_core.phantoms.finger.spec import FingerSpec
from ssc_core.seeds import seed_of

__all__ = ["averaged", "energies_of", "phalanges_of", "table_of"]

# The mixed image is the mean of both energies; calcium is brighter at 80 kVp and darker at 140 (ratio 1.56).
_LOW_GAIN, _HIGH_GAIN = 1.22, 0.78
_SOFT_SHIFT = 4.0  # HU by which soft tissue is brighter at the low energy


def averaged(
    planes: list[Planes],
    sub: tuple[int, ...],
    margin: tuple[int, ...],
    sigma: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Mean over the slab, blurred, then averaged over each pixel; labels by majority."""
    inner = tuple(slice(m, -m) for m in margin)

    def pixels(a: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        a = ndi.gaussian_filter(a, sigma, mode="nearest")
        out: npt.NDArray[np.float64] = _blocks(a, sub)[inner]
        return out

    hu = pixels(np.mean([p.hu for p in planes], axis=0))
    calcium = pixels(np.mean([p.calcium for p in planes], axis=0))
    bones = _majority([p.bones for p in planes], sub)[inner]
    lesions = _majority([p.deposits for p in planes], sub)[inner]
    return hu, calcium, bones, lesions


def _blocks(a: npt.NDArray[np.float64], sub: tuple[int, ...]) -> npt.NDArray[np.float64]:
    ny, nx = a.shape[0] // sub[0], a.shape[1] // sub[1]
    out: npt.NDArray[np.float64] = a.reshape(ny, sub[0], nx, sub[1]).mean(axis=(1, 3))
    return out


def _majority(planes: list[npt.NDArray[np.int32]], sub: tuple[int, ...]) -> npt.NDArray[np.int32]:
    labels = np.unique(np.concatenate([np.unique(p) for p in planes]))
    best = np.full((planes[0].shape[0] // sub[0], planes[0].shape[1] // sub[1]), 0.5 - 1e-9)
    out = np.zeros(best.shape, np.int32)
    for label in labels[labels > 0]:
        share = _blocks(np.mean([p == label for p in planes], axis=0), sub)
        out[share > best] = label
        best = np.maximum(best, share)
    return out


def table_of(
    hand: Hand,
    named: dict[int, Deposit],
    grid: Grid,
    planes: list[Planes],
    margin: tuple[int, ...],
    sub: tuple[int, ...],
    flat: bool,
) -> pd.DataFrame:
    """One row per deposit inside the field of view, measured on the fine grid."""
    cut = tuple(slice(m * k, -m * k) for m, k in zip(margin, sub, strict=True))
    labels = np.stack([p.deposits[cut] for p in planes])
    bone = np.stack([p.bones[cut] > 0 for p in planes])
    hu = np.stack([p.hu[cut] for p in planes])
    owners = [f for f, d in enumerate(hand.deposits) for _ in d]
    rows = []
    for label, deposit in named.items():
        where = labels == label
        if not where.any():
            continue
        volume = where.sum() * math.prod(grid.step)
        z, y, x = (np.flatnonzero(where.any(axis=a)) for a in ((1, 2), (0, 2), (0, 1)))
        box = tuple(slice(max(int(i[0]) - 2, 0), int(i[-1]) + 3) for i in (z, y, x))
        ring = ndi.binary_dilation(where[box], iterations=2)
        at = [(c.mean() + 0.5) / k - 0.5 for c, k in zip(np.nonzero(where)[1:], sub, strict=True)]
        rows.append(
            {
                "label": label,
                "finger": owners[label - 1] + 1,
                "kind": deposit.kind,
                ("area_mm2" if flat else "volume_mm3"): volume
                / (grid.step[0] * len(planes) if flat else 1.0),
                "mean_hu": float(hu[where].mean()),
                "touches_bone": bool((ring & bone[box]).any()),
                "touches_border": bool(
                    y[0] == 0 or x[0] == 0 or y[-1] == where.shape[1] - 1 or x[-1] == where.shape[2] - 1
                ),
                "row": float(at[0]),
                "column": float(at[1]),
            }
        )
    size = "area_mm2" if flat else "volume_mm3"
    columns = ["label", "finger", "kind", size, "mean_hu", "touches_bone", "touches_border", "row", "column"]
    return pd.DataFrame(rows, columns=columns)


def phalanges_of(bones: npt.NDArray[np.int32]) -> pd.DataFrame:
    """One row per visible bone: label, finger, and whether no border cuts it."""
    rows = []
    for label in np.unique(bones[bones > 0]):
        where = bones == label
        edge = where[:, [0, -1]].any() or where[:, :, [0, -1]].any()
        rows.append({"label": int(label % 10), "finger": int(label // 10) + 1, "complete": not edge})
    return pd.DataFrame(rows, columns=["label", "finger", "complete"])


def energies_of(
    spec: FingerSpec, hu: npt.NDArray[np.float64], calcium: npt.NDArray[np.float64]
) -> list[npt.NDArray[np.float32]]:
    """Mixed, low and high image; the mixed one is the mean of the noisy two."""
    rng = np.random.default_rng(seed_of(spec.seed, "noise"))
    tissue = np.clip((hu + 1000.0) / 1000.0, 0, 1)
    both = []
    for gain, shift in ((_LOW_GAIN, _SOFT_SHIFT), (_HIGH_GAIN, -_SOFT_SHIFT)):
        noise = rng.normal(size=hu.shape)
        noise = ndi.gaussian_filter(noise, (0, 0.6, 0.6))
        noise *= spec.noise_hu * math.sqrt(2) / max(float(noise.std()), 1e-9)
        both.append(hu + (gain - 1) * calcium + shift * tissue + noise)
    mixed = (both[0] + both[1]) / 2
    return [a.astype(np.float32) for a in (mixed, *both)]
