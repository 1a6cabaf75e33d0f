"""What one field of a trichrome looks like, in numbers a pathologist can read.

Every feature is of the whole field. Amounts are in units of the slide's own full stain, lengths in
micrometres, so that a paler stain or another scan resolution leaves them alone as far as possible.
:data:`FEATURES` lists name, unit and meaning; the formulas stand where each is computed.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.skin.orientation import mean_orientation
from ssc_core.skin.stain import Floats, Rgb, StainModel, optical_density, unmix
from ssc_core.skin.texture import measure_texture
from ssc_core.skin.thickness import bundles, grid_factor, mean_thickness_um

__all__ = ["FEATURES", "collagen_and_nuclei", "measure_field"]

Bools = npt.NDArray[np.bool_]

FEATURES: Final[dict[str, tuple[str, str]]] = {
    "tissue_fraction": ("", "share of the field that is stained at all (mean optical density above 0.05)"),
    "collagen_fraction": ("", "share of the field that is collagen"),
    "cytoplasm_fraction": ("", "share of the field where the red dye outweighs the collagen dye"),
    "collagen_amount": ("", "mean collagen dye in collagen, 1 = the slide's full stain"),
    "orientation_deg": ("deg", "circular mean direction of the collagen, 0-180, counter-clockwise from x"),
    "dispersion_deg": ("deg", "circular standard deviation of the direction"),
    "alignment": ("", "length of the mean direction vector, 0 random to 1 parallel"),
    "coherence": ("", "anisotropy of the summed structure tensor, 0 to 1"),
    "bundle_thickness_um": ("um", "mean local thickness of the collagen bundles, weighted by area"),
    "bundle_area_fraction": ("", "share of the field inside bundles once narrow clefts are taken out"),
    "texture_contrast": ("", "co-occurrence contrast of the collagen amount at 7 um, 16 levels"),
    "texture_homogeneity": ("", "co-occurrence homogeneity at 7 um"),
    "texture_entropy_bits": ("bits", "co-occurrence entropy at 7 um"),
    "spectral_slope": ("", "exponent b of the power spectrum 1/f^b of the collagen amount, 130 to 7 um"),
    "spectral_scale_um": ("um", "mean wavelength of the collagen amount between 130 and 7 um"),
    "nuclei_per_mm2": ("1/mm2", "dark spots of nuclear size per area of the field"),
    "mean_red": ("", "mean grey value of the red channel, 0-255 (the naive measure, for comparison)"),
    "mean_green": ("", "mean grey value of the green channel, 0-255"),
    "mean_blue": ("", "mean grey value of the blue channel, 0-255"),
}
"""Feature name -> (unit, meaning), in the order of the table."""

_NUCLEUS_UM = 2.2


def collagen_and_nuclei(rgb: Rgb, stain: StainModel) -> tuple[Floats, Floats, Bools, Bools]:
    """Dye amounts and masks of a field.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
    stain : StainModel

    Returns
    -------
    amount : (y, x) float32 array
        Collagen dye, 1 where the slide is fully stained.
    cytoplasm : (y, x) float32 array
        Red dye in the same way.
    collagen : (y, x) bool array
        Collagen: enough dye, more than of the red dye, and not a nucleus (iron haematoxylin unmixes into blue
        and red and would otherwise be counted).
    dark : (y, x) bool array
        Pixels as dark as nuclei in red and in blue light alike, where each of the two dyes alone is clear.
    """
    od = optical_density(rgb, stain.white)
    blue, red = unmix(od, stain.dyes)
    dark = np.minimum(od[..., 0], od[..., 2]) > stain.dark
    amount, cytoplasm = blue / np.float32(stain.full_collagen), red / np.float32(stain.full_cytoplasm)
    collagen = (amount > stain.collagen_threshold) & (blue > red) & ~dark
    return amount, cytoplasm, collagen, dark


def measure_field(rgb: Rgb, stain: StainModel, mpp: float) -> dict[str, float]:
    """All features of one field.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
        The field.
    stain : StainModel
        Stain of its slide.
    mpp : float
        Pixel size in um.

    Returns
    -------
    dict
        The keys of :data:`FEATURES`; NaN where a feature cannot be measured (no collagen, no structure).
    """
    amount, cytoplasm, collagen, dark = collagen_and_nuclei(rgb, stain)
    inside = bundles(amount, collagen, mpp)
    thickness = mean_thickness_um(inside, mpp / grid_factor(mpp))
    run = mean_orientation(amount, collagen, mpp, thickness)
    texture = measure_texture(amount, mpp)
    area_mm2 = rgb.shape[0] * rgb.shape[1] * mpp**2 / 1e6
    mean = rgb.reshape(-1, 3).mean(axis=0)
    tissue = optical_density(rgb, stain.white).mean(axis=-1) > 0.05
    return {
        "tissue_fraction": float(tissue.mean()),
        "collagen_fraction": float(collagen.mean()),
        "cytoplasm_fraction": float(
            ((cytoplasm * stain.full_cytoplasm > amount * stain.full_collagen) & tissue & ~dark).mean()
        ),
        "collagen_amount": float(amount[collagen].mean()) if collagen.any() else float("nan"),
        "orientation_deg": run.mean_deg,
        "dispersion_deg": run.dispersion_deg,
        "alignment": run.alignment,
        "coherence": run.coherence,
        "bundle_thickness_um": thickness,
        "bundle_area_fraction": float(inside.mean()),
        "texture_contrast": texture.contrast,
        "texture_homogeneity": texture.homogeneity,
        "texture_entropy_bits": texture.entropy,
        "spectral_slope": texture.spectral_slope,
        "spectral_scale_um": texture.spectral_scale_um,
        "nuclei_per_mm2": _count_nuclei(dark, rgb, stain, mpp) / area_mm2,
        "mean_red": float(mean[0]),
        "mean_green": float(mean[1]),
        "mean_blue": float(mean[2]),
    }


def _count_nuclei(dark: Bools, rgb: Rgb, stain: StainModel, mpp: float) -> int:
    """Peaks of darkness, smoothed to nuclear size, that stand on dark pixels."""
    if not dark.any():
        return 0
    od = optical_density(rgb, stain.white)
    sigma = max(_NUCLEUS_UM / mpp / 2, 0.5)
    darkness = cv2.GaussianBlur(np.minimum(od[..., 0], od[..., 2]), (0, 0), sigma)
    size = 2 * max(round(_NUCLEUS_UM / mpp), 1) + 1
    top = cv2.dilate(darkness, np.ones((size, size), np.uint8))
    peaks = (darkness >= top) & dark
    return int(cv2.connectedComponents(peaks.astype(np.uint8), connectivity=8)[0] - 1)
