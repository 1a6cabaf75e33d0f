"""From colours to dyes: optical density against the measured white, and unmixing of Masson's trichrome.

Collagen takes up the blue (or green) dye, cytoplasm, muscle and keratin the red one, nuclei turn dark in
every colour. Optical density is -log10(I / I_white), so a dye adds up linearly with its amount [1]_. The two
dye colours differ between laboratories and are therefore estimated on each slide, as the two ends of the fan
of colours that its tissue spans [2]_; an end that the slide does not show (a dermis without muscle, say) is
taken from the published vectors, and the model says so.

References
----------
.. [1] Ruifrok and Johnston, Anal Quant Cytol Histol 2001;23:291 (colour deconvolution; Masson vectors as in
   Landini's plugin).
.. [2] Macenko et al., ISBI 2009, 1107 (stain vectors from the extremes of the optical density plane).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError

__all__ = [
    "COLLAGEN",
    "CYTOPLASM",
    "Dyes",
    "StainModel",
    "fit_stain",
    "optical_density",
    "unmix",
    "white_point",
]

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Vector = tuple[float, float, float]

COLLAGEN: Final[Vector] = (0.7995107, 0.5913521, 0.10528667)
"""Methyl (aniline) blue."""
CYTOPLASM: Final[Vector] = (0.09997159, 0.73738605, 0.6680326)
"""Ponceau and acid fuchsin, one vector for two reds."""

_TISSUE_OD = 0.15
"""Mean optical density of the three channels above which a pixel may speak for a dye's colour."""
_FAR_DEG = 15.0
"""An estimated dye that lies further than this from the published one is not believed."""
_FAN_DEG = 12.0
"""Two ends of the fan closer than this are one dye."""
_SHARE_OF_BUNDLE = 0.45
"""Collagen begins at this share of what bundles usually hold; set on phantoms (a half reads 4 points low)."""
_DARKER, _USUAL_DARK, _MIN_SURE = 1.35, 0.3, 200
"""Nuclei are darker than this times the darkest 2 % of the collagen; the factor was set on phantoms."""


@dataclass(frozen=True)
class Dyes:
    """Unit vectors (R, G, B) in optical density of the two dyes that are unmixed."""

    collagen: Vector = COLLAGEN
    cytoplasm: Vector = CYTOPLASM
    estimated: tuple[str, ...] = ()
    """Which of them were measured on this slide; the others are published ones."""


@dataclass(frozen=True)
class StainModel:
    """How one slide is stained.

    Parameters
    ----------
    white : (float, float, float)
        Grey values of empty glass, 0-255.
    dyes : Dyes
        Colours of the dyes.
    full_collagen, full_cytoplasm : float
        Optical density (length of the vector) of well stained collagen and cytoplasm on this slide: amounts
        are given in these units, so that a paler stain gives the same amount.
    collagen_threshold : float
        Amount above which a pixel is collagen.
    dark : float
        Optical density that nuclei exceed in every channel.
    """

    white: Vector
    dyes: Dyes
    full_collagen: float
    full_cytoplasm: float
    collagen_threshold: float
    dark: float


def white_point(rgb: Rgb) -> Vector | None:
    """Grey values of empty glass, from an overview or from patches.

    The mode of the bright, colourless pixels of each channel. Pixels of exactly 255 in all channels are taken
    as glass only when nothing else is: scanners and readers fill what was not scanned with it.

    Parameters
    ----------
    rgb : (..., 3) uint8 array
        Pixels of which some may be glass.

    Returns
    -------
    (float, float, float) or None
        None when less than 0.2 % of the pixels can be glass.
    """
    flat = rgb.reshape(-1, 3)
    low, high = flat.min(axis=1), flat.max(axis=1)
    glass = flat[(low >= 215) & (high - low <= 16)]
    if len(glass) < max(30, 0.002 * len(flat)):
        return None
    scanned = glass[glass.min(axis=1) < 255]
    if len(scanned) >= 0.05 * len(glass) and len(scanned) >= 30:
        glass = scanned
    modes = []
    for channel in range(3):
        counts = np.bincount(glass[:, channel], minlength=256).astype(float)
        smooth = np.convolve(counts, np.ones(5) / 5, mode="same")
        around = np.arange(max(int(smooth.argmax()) - 4, 0), min(int(smooth.argmax()) + 5, 256))
        modes.append(float((around * counts[around]).sum() / counts[around].sum()))
    return modes[0], modes[1], modes[2]


def optical_density(rgb: Rgb, white: Vector) -> Floats:
    """Optical density -log10((I + 1) / (white + 1)), never negative.

    Parameters
    ----------
    rgb : (..., 3) uint8 array
    white : (float, float, float)
        Grey values of empty glass.

    Returns
    -------
    (..., 3) float32 array
        Same shape as `rgb`.
    """
    levels = np.arange(256, dtype=np.float32) + 1
    table = np.maximum(np.log10(np.asarray(white, np.float32) + 1) - np.log10(levels)[:, None], 0)
    table = table.astype(np.float32)
    return np.stack([table[:, c][rgb[..., c]] for c in range(3)], axis=-1)


def unmix(od: Floats, dyes: Dyes) -> tuple[Floats, Floats]:
    """Amounts of the two dyes in optical density, by non-negative least squares (exact for two dyes).

    Parameters
    ----------
    od : (..., 3) float32 array
    dyes : Dyes

    Returns
    -------
    collagen, cytoplasm : (...) float32 arrays
        Length of each dye's optical density vector.
    """
    a, b = np.asarray(dyes.collagen, np.float32), np.asarray(dyes.cytoplasm, np.float32)
    cosine = float(a @ b)
    on_a, on_b = od @ a, od @ b
    scale = 1.0 / (1.0 - cosine**2)
    collagen, cytoplasm = (on_a - cosine * on_b) * scale, (on_b - cosine * on_a) * scale
    no_a, no_b = collagen < 0, cytoplasm < 0
    cytoplasm = np.where(no_a, on_b, cytoplasm)
    collagen = np.where(no_b, on_a, collagen)
    return np.maximum(collagen, 0) * ~no_a, np.maximum(cytoplasm, 0) * ~no_b


def fit_stain(rgb: Rgb, white: Vector, *, dyes: Dyes | None = None) -> StainModel:
    """The stain of one slide, from pixels of its tissue.

    Parameters
    ----------
    rgb : (..., 3) uint8 array
        Pixels of the slide; those of glass are ignored. A few hundred thousand are enough.
    white : (float, float, float)
        Grey values of empty glass.
    dyes : Dyes, optional
        Colours of the dyes when they are known already; otherwise they are estimated.

    Returns
    -------
    StainModel

    Raises
    ------
    EmptyError
        When fewer than 200 pixels hold tissue.
    """
    od = optical_density(rgb.reshape(-1, 3), white)
    tissue = od[od.mean(axis=1) > _TISSUE_OD]
    if len(tissue) < 200:
        raise EmptyError("the fields hold no stained tissue; give another region with --roi")
    dyes = dyes or _estimate(tissue)
    collagen, cytoplasm = unmix(tissue, dyes)
    blue = collagen > cytoplasm
    full_collagen = _full(collagen[blue], collagen)
    full_cytoplasm = _full(cytoplasm[~blue], cytoplasm)
    return StainModel(
        white=white,
        dyes=dyes,
        full_collagen=full_collagen,
        full_cytoplasm=full_cytoplasm,
        collagen_threshold=_collagen_threshold(unmix(od, dyes)[0] / full_collagen),
        dark=_darkness(tissue, collagen, cytoplasm, full_collagen),
    )


def _estimate(tissue: Floats) -> Dyes:
    """Ends of the fan of colours in the plane of the two main directions of the tissue's optical density."""
    rows = tissue / np.linalg.norm(tissue, axis=1, keepdims=True)
    mean = rows.mean(axis=0)
    _, _, axes = np.linalg.svd((rows - mean).T @ (rows - mean))
    first = mean / np.linalg.norm(mean)
    second = axes[0] - (axes[0] @ first) * first
    second = second / np.linalg.norm(second)
    angle = np.arctan2(rows @ second, rows @ first)
    ends = []
    for at in np.percentile(angle, [1.0, 99.0]):
        vector = np.maximum(np.cos(at) * first + np.sin(at) * second, 0)
        ends.append(vector / np.linalg.norm(vector))
    if _degrees(ends[0], COLLAGEN) > _degrees(ends[1], COLLAGEN):
        ends.reverse()
    # one dye alone: its colour is the mean, and the missing dye keeps its published colour
    if _degrees(ends[0], ends[1]) < _FAN_DEG:
        ends = [first, first]
    found: dict[str, Vector] = {}
    for name, end, published in (("collagen", ends[0], COLLAGEN), ("cytoplasm", ends[1], CYTOPLASM)):
        other = CYTOPLASM if name == "collagen" else COLLAGEN
        if _degrees(end, published) <= min(_FAR_DEG, _degrees(end, other)):
            found[name] = (float(end[0]), float(end[1]), float(end[2]))
    return Dyes(
        found.get("collagen", COLLAGEN), found.get("cytoplasm", CYTOPLASM), estimated=tuple(sorted(found))
    )


def _degrees(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    u, v = np.asarray(a, float), np.asarray(b, float)
    cosine = u @ v / (np.linalg.norm(u) * np.linalg.norm(v))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _full(amounts: Floats, everything: Floats) -> float:
    """The 90th percentile of a dye where it rules, or of all pixels when it rules nowhere."""
    chosen = amounts if len(amounts) >= 50 else everything
    return max(float(np.percentile(chosen, 90)), 0.05)


def _collagen_threshold(amount: Floats) -> float:
    """A share of the usual amount in bundles, which Otsu's threshold separates from the gaps."""
    counts, edges = np.histogram(amount, bins=128, range=(0.0, 1.5))
    centres = (edges[:-1] + edges[1:]) / 2
    weight = np.cumsum(counts).astype(float)
    moment = np.cumsum(counts * centres)
    rest = np.maximum(weight * (weight[-1] - weight), 1e-9)
    between = (moment[-1] * weight / max(weight[-1], 1.0) - moment) ** 2 / rest
    otsu = float(np.clip(centres[int(between.argmax())], 0.2, 0.6))
    inside = amount[amount > otsu]
    usual = float(np.median(inside)) if len(inside) else 0.8
    return float(_SHARE_OF_BUNDLE * usual)


def _darkness(od: Floats, collagen: Floats, cytoplasm: Floats, full_collagen: float) -> float:
    """Optical density that collagen hardly reaches in the clearer of red and blue light.

    Measured on the collagen of the slide; where there is too little of it, a fixed value.
    """
    sure = (collagen > 0.5 * full_collagen) & (collagen > 2 * cytoplasm)
    if int(sure.sum()) < _MIN_SURE:
        return _USUAL_DARK
    return max(_DARKER * float(np.percentile(np.minimum(od[sure, 0], od[sure, 2]), 98)), 0.1)
