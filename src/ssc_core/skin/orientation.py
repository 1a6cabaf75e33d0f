"""Which way the collagen bundles run, how much of one mind they are.

The structure tensor of the collagen amount gives at each pixel the direction along which it changes least
[1]_. Directions are those of undirected lines: 0 to 180 degrees, 0 along the image's x axis and counted
counter-clockwise as seen on the screen. They are averaged with their angle doubled, over the collagen of a
field, each pixel weighted by how clear its direction is (coherence): the flat inside of a bundle does not
vote with its noise.

References
----------
.. [1] Bigun and Granlund, ICCV 1987 (structure tensor); Mardia and Jupp, Directional Statistics, 2000
   (circular mean and standard deviation).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Orientation", "local_orientation", "mean_orientation"]

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_GRADIENT_UM = 1.75
# standard deviation of the averaging window: 1.6 um + 0.12 x bundle thickness, set on synthetic fibres of
# 7-19 um so that noise inside wide bundles does not inflate the dispersion, nor smoothing hide it in thin
_WINDOW_UM, _WINDOW_PER_THICKNESS = 1.6, 0.12
_WINDOW_LIMITS = (1.8, 5.0)
_USUAL_THICKNESS_UM = 8.0
_BORDER_UM = 9.0
_MIN_PIXELS = 50


@dataclass(frozen=True)
class Orientation:
    """Orientation of the collagen of one field.

    Parameters
    ----------
    mean_deg : float
        Circular mean direction, 0-180 degrees.
    dispersion_deg : float
        Circular standard deviation sqrt(-2 ln R) / 2 of the direction, degrees; R is `alignment`. Random
        directions of many bundles tend to 60 and more, parallel ones to 0.
    alignment : float
        Length R of the mean of the doubled-angle vectors: 0 random, 1 parallel.
    coherence : float
        Anisotropy of the summed structure tensor, (l1 - l2) / (l1 + l2): 0 to 1. Falls with noise and with
        blunt ends, unlike `alignment`.
    """

    mean_deg: float
    dispersion_deg: float
    alignment: float
    coherence: float


def local_orientation(
    amount: Floats, mpp: float, thickness_um: float = _USUAL_THICKNESS_UM
) -> tuple[npt.NDArray[np.complex64], Floats]:
    """Direction of the structure at each pixel, and how clear it is.

    Parameters
    ----------
    amount : (y, x) float32 array
        Collagen amount.
    mpp : float
        Pixel size in um.
    thickness_um : float
        Thickness of the bundles, which sets the window over which directions are averaged; NaN for 8 um.

    Returns
    -------
    direction : (y, x) complex64 array
        exp(2 i angle), of length 1 (0 where nothing changes).
    coherence : (y, x) float32 array
        0-1.
    """
    doubled, energy = _tensor(amount, mpp)
    thickness = thickness_um if np.isfinite(thickness_um) else _USUAL_THICKNESS_UM
    window = float(np.clip(_WINDOW_UM + _WINDOW_PER_THICKNESS * thickness, *_WINDOW_LIMITS))
    sigma = max(window / mpp, 0.7)
    doubled = (_smooth(doubled.real, sigma) + 1j * _smooth(doubled.imag, sigma)).astype(np.complex64)
    energy = _smooth(energy, sigma)
    length = np.abs(doubled)
    direction: npt.NDArray[np.complex64] = (doubled / np.maximum(length, 1e-9)).astype(np.complex64)
    coherence: Floats = np.minimum(length / np.maximum(energy, 1e-9), 1).astype(np.float32)
    return direction, coherence


def mean_orientation(
    amount: Floats, collagen: Bools, mpp: float, thickness_um: float = _USUAL_THICKNESS_UM
) -> Orientation:
    """Orientation of the collagen of one field.

    Parameters
    ----------
    amount : (y, x) float32 array
        Collagen amount.
    collagen : (y, x) bool array
        Pixels that are collagen.
    mpp : float
        Pixel size in um.
    thickness_um : float
        Thickness of the bundles, which sets the window over which directions are averaged; NaN for 8 um.

    Returns
    -------
    Orientation
        NaN in all parts when there are fewer than 50 pixels of collagen or no structure.
    """
    if int(collagen.sum()) < _MIN_PIXELS:
        return Orientation(np.nan, np.nan, np.nan, np.nan)
    direction, weight = local_orientation(amount, mpp, thickness_um)
    weight = weight * _inner(weight.shape, mpp)
    total = float(weight[collagen].sum())
    if total <= 1e-6:
        return Orientation(np.nan, np.nan, np.nan, np.nan)
    mean = complex((direction[collagen] * weight[collagen]).sum()) / total
    alignment = min(abs(mean), 1.0)
    doubled, energy = _tensor(amount, mpp)
    return Orientation(
        mean_deg=float(np.degrees(np.angle(mean)) / 2 % 180),
        dispersion_deg=float(np.degrees(np.sqrt(max(-2 * np.log(max(alignment, 1e-12)), 0.0))) / 2),
        alignment=alignment,
        coherence=float(min(abs(complex(doubled.sum())) / float(energy.sum()), 1.0)),
    )


def _inner(shape: tuple[int, ...], mpp: float) -> Bools:
    """Pixels whose window does not reach over the border, where the image is mirrored."""
    margin = min(round(_BORDER_UM / mpp), min(shape) // 8)
    inner = np.zeros(shape, bool)
    inner[margin : shape[0] - margin, margin : shape[1] - margin] = True
    return inner


def _tensor(amount: Floats, mpp: float) -> tuple[npt.NDArray[np.complex64], Floats]:
    """Doubled-angle vector across the gradient, and gradient energy, at each pixel."""
    sigma = max(_GRADIENT_UM / mpp, 0.7)
    # derivatives of the Gaussian itself: differences of neighbours would bend directions by up to a degree
    offset = np.arange(-int(np.ceil(4 * sigma)), int(np.ceil(4 * sigma)) + 1)
    bell = np.exp(-(offset**2) / (2 * sigma**2))
    bell, slope = bell / bell.sum(), offset * bell / (offset**2 * bell).sum()
    image = amount.astype(np.float32)
    right = cv2.sepFilter2D(image, cv2.CV_32F, slope, bell, borderType=cv2.BORDER_REFLECT_101)
    down = cv2.sepFilter2D(image, cv2.CV_32F, bell, slope, borderType=cv2.BORDER_REFLECT_101)
    # the gradient points across the bundle: a turn of 90 degrees is a change of sign once doubled;
    # y grows downwards and angles are counted upwards, hence the minus of the gradient along y
    across = np.asarray(right - 1j * down)
    return np.asarray(-(across**2), np.complex64), np.asarray(np.abs(across) ** 2, np.float32)


def _smooth(image: Floats, sigma: float) -> Floats:
    size = 2 * int(np.ceil(4 * sigma)) + 1
    out: Floats = cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101)
    return out
