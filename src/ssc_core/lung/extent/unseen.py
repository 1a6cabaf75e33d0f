"""What training never shows: other textures, outlines, noise and kernels, for the final judgement alone."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from ssc_core.lung.extent.lesions import Ground
from ssc_core.lung.synthesis.compositing import INSERTED

__all__ = ["GROUND_GLASS", "RETICULATION", "ground_glass", "lobules", "reticulation", "scanned"]

Field = npt.NDArray[np.float32]
Shape = tuple[int, int]

GROUND_GLASS = ("mosaic", "granular", "fractal")
RETICULATION = ("strands", "labyrinth", "foam")


def ground_glass(kind: str, shape: Shape, mm: float, density: float, rng: np.random.Generator) -> Field:
    """Added tissue of mean `density`: lobules of unlike density, fine granules, or noise of all scales.

    Parameters
    ----------
    kind : {"mosaic", "granular", "fractal"}
        Family.
    shape : tuple of int
        (y, x).
    mm : float
        Pixel size.
    density : float
        Mean added tissue fraction.
    rng : numpy.random.Generator
        Draws the pattern.
    """
    if kind == "mosaic":
        which, count = _voronoi(shape, float(rng.uniform(9, 16)) / mm, rng)
        out = rng.uniform(0.6, 1.4, count)[which]
        out = gaussian_filter(out, 0.7 / mm)
    elif kind == "granular":
        size = float(rng.uniform(0.7, 1.4)) / mm
        dots = gaussian_filter((rng.random(shape) < 0.08 / size**2).astype(np.float64), size)
        out = 0.55 + 0.45 * dots / max(float(dots.mean()), 1e-9)
    else:
        out = 1 + 0.25 * _spectral(shape, rng, lambda f: 1 / np.maximum(f, 1 / 64) ** 1.5)
    return np.asarray(np.clip(density * out, 0.3 * density, min(1.0, 2 * density)), np.float32)


def reticulation(
    kind: str, shape: Shape, mm: float, mesh: float, strength: float, rng: np.random.Generator
) -> Field:
    """Added tissue of lines about `mesh` mm apart: crossing strands, a labyrinth, or walls between bubbles.

    Parameters
    ----------
    kind : {"strands", "labyrinth", "foam"}
        Family.
    shape : tuple of int
        (y, x).
    mm : float
        Pixel size.
    mesh : float
        Distance of the lines, mm.
    strength : float
        Added tissue fraction within a line.
    rng : numpy.random.Generator
        Draws the pattern.
    """
    if kind == "strands":
        lines = _strands(shape, mm, mesh, rng)
    elif kind == "labyrinth":
        peak, wall = mm / (2 * mesh), float(rng.uniform(0.8, 1.6))
        wave = _spectral(shape, rng, lambda f: np.exp(-(((f - peak) / (0.2 * peak)) ** 2)))
        slope = np.maximum(np.hypot(*np.gradient(wave, mm)), 0.5 * math.pi / mesh)
        lines = np.clip(1.2 - 2 * np.abs(wave) / slope / wall, 0, 1)
    else:
        lines = _foam(shape, mm, mesh, rng)
    return np.asarray(np.clip(strength * lines, 0, 1), np.float32)


def lobules(ground: Ground, share: float, rng: np.random.Generator) -> Field:
    """Fade of polygonal lobules, those at the back and at the pleura first, that take `share` of the lung.

    The last lobule is cut, so that the area is right; the edge is 1 mm soft.
    """
    which, count = _voronoi(ground.lung.shape, float(rng.uniform(11, 24)), rng)
    wish = rng.normal(0, 1, count)[which] * float(rng.uniform(8, 30))
    wish = wish - float(rng.uniform(0, 1)) * ground.depth + float(rng.uniform(0, 0.3)) * ground.y
    wish = wish + 1e-3 * ground.x
    border = np.quantile(wish[ground.lung], 1 - share)
    inside = ((wish >= border) & ground.lung).astype(np.uint8)
    away = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    out = np.clip(0.5 + away / 2, 0, 1)
    out[(inside > 0) & (out < INSERTED)] = INSERTED
    out[inside == 0] = np.minimum(out[inside == 0], INSERTED - 0.01)
    return np.asarray(out * ground.lung, np.float32)


def scanned(hu: Field, mm: float, sharpness: float, noise_hu: float, rng: np.random.Generator) -> Field:
    """`hu` by a kernel given as a transfer function, with streaky noise of the same colour.

    Parameters
    ----------
    hu : ndarray, (y, x)
        Without noise.
    mm : float
        Pixel size.
    sharpness : float
        -1 (soft) to 1 (a peak of 1.6 at middle frequencies, as lung kernels have).
    noise_hu : float
        Standard deviation; a third of its variance runs in horizontal streaks, as between shoulders.
    """
    per_mm = _frequency(hu.shape) / mm
    if sharpness >= 0:
        transfer = 1 + 0.6 * sharpness * np.exp(-(((per_mm - 0.45) / 0.2) ** 2))
    else:
        transfer = np.exp(-((per_mm / (0.75 + 0.35 * sharpness)) ** 2) / 2)
    image = _filtered(hu.astype(np.float64), transfer)
    ramp = np.sqrt(per_mm + 0.03) * transfer * np.exp(-((per_mm / 0.9) ** 4))
    white = _filtered(rng.standard_normal(hu.shape), ramp)
    streaks = gaussian_filter(rng.standard_normal(hu.shape), (0.5 / mm, 12 / mm))
    noise = math.sqrt(2 / 3) * white / white.std() + math.sqrt(1 / 3) * streaks / streaks.std()
    return np.asarray(np.clip(image + noise_hu * noise, -1024, 3071), np.float32)


def _strands(shape: Shape, mm: float, mesh: float, rng: np.random.Generator) -> Field:
    """Straight strands in all directions; their number follows from their length and distance."""
    rows, columns = shape
    fine = 3
    canvas = np.zeros((rows * fine, columns * fine), np.uint8)
    length = 3.0 * mesh
    for _ in range(int(1.6 * rows * columns * mm**2 / (mesh * length))):
        y, x, turn = rng.uniform(0, rows), rng.uniform(0, columns), rng.uniform(0, np.pi)
        reach = rng.gamma(3.0, length / 6.0) / mm
        ends = [
            (round(fine * (x + s * reach * np.cos(turn))), round(fine * (y + s * reach * np.sin(turn))))
            for s in (-1, 1)
        ]
        width = max(1, round(fine * rng.uniform(0.6, 1.4) / mm))
        cv2.line(canvas, ends[0], ends[1], 255, width, cv2.LINE_AA)
    small = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255.0, np.float32)


def _foam(shape: Shape, mm: float, mesh: float, rng: np.random.Generator) -> Field:
    """Tissue between bubbles of unlike size that touch but do not overlap."""
    count = int(16 * shape[0] * shape[1] * mm**2 / mesh**2)
    centres = rng.uniform(0, 1, (count, 2)) * shape
    radii = np.sort(rng.uniform(0.2, 0.75, count) * mesh / mm)[::-1]
    tree = cKDTree(centres)
    kept = np.zeros(count, bool)
    for i in range(count):
        near = [j for j in tree.query_ball_point(centres[i], 1.6 * mesh / mm) if kept[j]]
        gap = 0.3 / mm
        if all(np.hypot(*(centres[i] - centres[j])) > radii[i] + radii[j] + gap for j in near):
            kept[i] = True
    out = np.ones((shape[0] * 2, shape[1] * 2), np.float32)
    for (y, x), r in zip(centres[kept].tolist(), radii[kept].tolist(), strict=True):
        cv2.circle(out, (round(2 * x), round(2 * y)), round(2 * r), 0.0, -1, cv2.LINE_AA)
    return np.asarray(cv2.resize(out, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.float32)


def _voronoi(shape: Shape, cell: float, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], int]:
    """Number of the nearest of many random points, about `cell` pixels apart."""
    count = max(4, int(shape[0] * shape[1] / cell**2))
    points = rng.uniform(0, 1, (count, 2)) * shape
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
    return np.asarray(cKDTree(points).query(grid)[1]), count


def _frequency(shape: Shape) -> npt.NDArray[np.float64]:
    """Cycles per pixel on the grid of a real 2-D transform."""
    return np.asarray(np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]))


def _filtered(image: npt.NDArray[np.float64], transfer: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.fft.irfft2(np.fft.rfft2(image) * transfer, s=image.shape))


def _spectral(shape: Shape, rng: np.random.Generator, amplitude: object) -> npt.NDArray[np.float64]:
    """Noise of mean 0 and variance 1 with the given amplitude over frequency."""
    assert callable(amplitude)
    out = _filtered(rng.standard_normal(shape), amplitude(_frequency(shape)))
    return np.asarray((out - out.mean()) / max(float(out.std()), 1e-9))
