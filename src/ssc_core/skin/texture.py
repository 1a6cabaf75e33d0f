"""Texture of the collagen: grey-level co-occurrence and spectrum, at fixed distances in micrometres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Texture", "measure_texture"]

Floats = npt.NDArray[np.float32]

_LEVELS = 16
_PAIR_UM = 7.0
_LONGEST_UM, _SHORTEST_UM = 130.0, 7.0


@dataclass(frozen=True)
class Texture:
    """Texture of the collagen amount (0 to 1.5, clipped) of one field.

    Parameters
    ----------
    contrast, homogeneity, entropy : float
        Of the co-occurrence matrix P(i, j) of 16 grey levels at 7 um, all directions together [1]_:
        sum P (i - j)^2; sum P / (1 + (i - j)^2); -sum P log2 P (bits).
    spectral_slope : float
        Exponent b of the power spectrum 1 / f^b between 130 and 7 um.
    spectral_scale_um : float
        Power-weighted mean wavelength on a log scale between 130 and 7 um.

    References
    ----------
    .. [1] Haralick et al., IEEE Trans SMC 1973;3:610.
    """

    contrast: float
    homogeneity: float
    entropy: float
    spectral_slope: float
    spectral_scale_um: float


def measure_texture(amount: Floats, mpp: float) -> Texture:
    """Texture of a field.

    Parameters
    ----------
    amount : (y, x) float32 array
        Collagen amount, 1 where it is fully stained.
    mpp : float
        Pixel size in um.

    Returns
    -------
    Texture
        NaN in the spectral parts of a field without any structure, or one smaller than 130 um.
    """
    pairs = _pairs(amount, mpp)
    i, j = np.indices(pairs.shape)
    gap = (i - j) ** 2
    filled = pairs[pairs > 0]
    slope, scale = _spectrum(amount, mpp)
    return Texture(
        contrast=float((pairs * gap).sum()),
        homogeneity=float((pairs / (1 + gap)).sum()),
        entropy=float(-(filled * np.log2(filled)).sum()),
        spectral_slope=slope,
        spectral_scale_um=scale,
    )


def _pairs(amount: Floats, mpp: float) -> npt.NDArray[np.float64]:
    """Co-occurrence matrix (16, 16), symmetric, summing to 1."""
    grey = np.clip(amount * (_LEVELS / 1.5), 0, _LEVELS - 1).astype(np.int32)
    step = max(round(_PAIR_UM / mpp), 1)
    skew = max(round(step / np.sqrt(2)), 1)
    counts = np.zeros(_LEVELS * _LEVELS)
    for dy, dx in ((0, step), (step, 0), (skew, skew), (skew, -skew)):
        first = grey[: grey.shape[0] - dy, max(-dx, 0) : grey.shape[1] - max(dx, 0)]
        second = grey[dy:, max(dx, 0) : grey.shape[1] + min(dx, 0)]
        counts += np.bincount((first * _LEVELS + second).ravel(), minlength=_LEVELS**2)
    square = counts.reshape(_LEVELS, _LEVELS)
    square = square + square.T
    share: npt.NDArray[np.float64] = square / max(square.sum(), 1.0)
    return share


def _spectrum(amount: Floats, mpp: float) -> tuple[float, float]:
    side = min(amount.shape)
    if side * mpp < _LONGEST_UM or float(amount.std()) < 1e-4:
        return float("nan"), float("nan")
    field = amount[:side, :side] - amount[:side, :side].mean()
    window = np.hanning(side).astype(np.float32)
    power = np.abs(np.fft.rfft2(field * window[:, None] * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(side, mpp)[:, None], np.fft.rfftfreq(side, mpp))
    edges = np.geomspace(1 / _LONGEST_UM, 1 / max(_SHORTEST_UM, 2.2 * mpp), 13)
    which = np.digitize(frequency.ravel(), edges)
    total = np.bincount(which, weights=power.ravel(), minlength=14)[1:13]
    count = np.bincount(which, minlength=14)[1:13]
    mean = total[count > 0] / count[count > 0]
    centre = np.log(np.sqrt(edges[:-1] * edges[1:]))[count > 0]
    slope = float(np.polyfit(centre, np.log(np.maximum(mean, 1e-12)), 1)[0])
    # per octave, so that the many high frequencies do not outvote the few low ones
    octave = mean * np.exp(2 * centre)
    return -slope, float(np.exp(-(octave * centre).sum() / octave.sum()))
