"""Paints a window of the section. Image and truth take the same way, so they cannot differ."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.collagen import Bundles
from ssc_core.phantoms.biopsy.section import CLEFT, SEPTA, Section
from ssc_core.phantoms.biopsy.shapes import GROUND, NUCLEUS, Dye, Shapes

__all__ = ["Ink", "Window", "dye_ink", "label_ink", "paint"]

Float32Array = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
_SHIFT = 4  # OpenCV's fixed point: sixteenths of a pixel


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels to paint: the first pixel's outer corner (um), the number of pixels and their size (um)."""

    y: float
    x: float
    height: int
    width: int
    px: float

    def centres(self) -> FloatArray:
        """Slide positions (height, width, 2) of the pixel centres."""
        rows = self.y + (np.arange(self.height) + 0.5) * self.px
        columns = self.x + (np.arange(self.width) + 0.5) * self.px
        return np.stack(np.meshgrid(rows, columns, indexing="ij"), -1)

    def touches(self, reach: FloatArray) -> npt.NDArray[np.intp]:
        """Indices of the boxes (n, 4) that reach into the window, in order."""
        below, right = self.y + self.height * self.px, self.x + self.width * self.px
        hit = (reach[:, 2] > self.y) & (reach[:, 0] < below) & (reach[:, 3] > self.x) & (reach[:, 1] < right)
        return np.flatnonzero(hit)

    def fixed(self, points: FloatArray) -> npt.NDArray[np.int32]:
        """Slide positions (..., 2) (y, x) as OpenCV's fixed-point (x, y)."""
        pixel = (points - (self.y, self.x)) / self.px - 0.5
        return np.rint(pixel[..., ::-1] * (1 << _SHIFT)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Ink:
    """What value each thing leaves on the canvas.

    Attributes
    ----------
    bundles : (n, c)
        Value of each bundle.
    channels : int
        Of the canvas.
    dyes : bool
        Whether a polygon leaves its dyes (an image) or `fibrous` (0 or 1) times ``sheath`` (a truth).
    sheath : float
        Value of collagen that belongs to no bundle.
    """

    bundles: FloatArray
    channels: int
    dyes: bool
    sheath: float = 0.0

    def of(self, dye: Dye | FloatArray, fibrous: bool = False) -> tuple[float, ...]:
        """Value of a polygon."""
        if self.dyes:
            return (float(dye[0]), float(dye[1]), float(dye[2]))
        return (self.sheath if fibrous else 0.0,)


def dye_ink(bundles: Bundles) -> Ink:
    """For the image: amounts of the three dyes."""
    tone = bundles.tone[:, None]
    return Ink(tone * np.array([0.95, 0.07, 0.03]), 3, True)


def label_ink(bundles: Bundles) -> Ink:
    """For the truth: bundle ``i`` leaves ``i + 1``, other collagen -1, everything else 0."""
    return Ink(np.arange(1, len(bundles.tone) + 1, dtype=float)[:, None], 1, False, -1.0)


def paint(section: Section, window: Window, ink: Ink) -> Float32Array:
    """Paint `window` of `section`.

    Returns
    -------
    ndarray
        (height, width, channels) float32; no antialiasing, a pixel holds what lies at its centre.
    """
    shape = (window.height, window.width, ink.channels)
    canvas = np.zeros(shape, np.float32)
    _fill(canvas, window, section.tissue, ink.of(SEPTA))
    _shapes(canvas, window, section.fat, ink)
    inside = np.zeros(shape[:2], np.uint8)
    _fill(inside, window, section.dermis, (1.0,))
    if inside.any():
        dermis = np.empty(shape, np.float32)
        dermis[:] = ink.of(GROUND)
        _bundles(dermis, window, section.bundles, ink)
        canvas = dermis if inside.all() else _pasted(canvas, dermis, inside)
    _shapes(canvas, window, section.adnexa, ink)
    _cells(canvas, window, section.dermal_cells, ink)
    _shapes(canvas, window, section.epidermis, ink)
    _cells(canvas, window, section.epidermal_cells, ink)
    _shapes(canvas, window, section.tears, ink)
    return canvas


def _pasted(canvas: Float32Array, over: Float32Array, inside: npt.NDArray[np.uint8]) -> Float32Array:
    painted: Float32Array = cv2.copyTo(over, inside, canvas).reshape(canvas.shape)
    return painted


def _fill(
    canvas: npt.NDArray[np.generic], window: Window, outline: FloatArray, value: tuple[float, ...]
) -> None:
    cv2.fillPoly(canvas, [window.fixed(outline)], value, cv2.LINE_8, _SHIFT)


def _shapes(canvas: Float32Array, window: Window, shapes: Shapes, ink: Ink) -> None:
    for i in window.touches(shapes.reach):
        _fill(canvas, window, shapes.outlines[i], ink.of(shapes.dyes[i], bool(shapes.fibrous[i])))


def _bundles(canvas: Float32Array, window: Window, bundles: Bundles, ink: Ink) -> None:
    """Each bundle first clears its cleft, then lies down: later ones cross over earlier ones."""
    chosen = window.touches(bundles.reach)
    # OpenCV paints the outline too, which adds half a pixel all round
    half = np.maximum(bundles.half[chosen] - 0.5 * window.px, 0.05 * window.px)[..., None]
    centre, normal = bundles.centre[chosen], bundles.normal[chosen]
    room = half + bundles.cleft[chosen][:, None, None]
    wide = window.fixed(np.concatenate([centre + normal * room, (centre - normal * room)[:, ::-1]], 1))
    body = window.fixed(np.concatenate([centre + normal * half, (centre - normal * half)[:, ::-1]], 1))
    fine = ink.dyes and window.px < 0.8
    lines = _fibrils(window, centre, normal, half, chosen) if fine else None
    weight = max(1, round(0.5 / window.px))
    empty, values = ink.of(CLEFT), ink.bundles[chosen]
    for k in range(len(chosen)):
        value = tuple(values[k].tolist())
        cv2.fillPoly(canvas, [wide[k]], empty, cv2.LINE_8, _SHIFT)
        cv2.fillPoly(canvas, [body[k]], value, cv2.LINE_8, _SHIFT)
        if lines is not None:
            for j, change in enumerate(_STRIPES):
                striped = (value[0] * change, value[1], value[2])
                cv2.polylines(canvas, [lines[j, k]], False, striped, weight, cv2.LINE_8, _SHIFT)


_STRIPES = (0.78, 1.14, 0.84, 1.18, 0.80, 1.12)
_OFFSETS = np.array([-0.78, -0.42, -0.12, 0.2, 0.5, 0.8])


def _fibrils(
    window: Window, centre: FloatArray, normal: FloatArray, half: FloatArray, ids: npt.NDArray[np.intp]
) -> npt.NDArray[np.int32]:
    """Fibrils inside each bundle: six lines (6, n, s, 2) at offsets that depend on the bundle alone."""
    offsets = _OFFSETS[:, None, None, None]
    shift = 0.14 * np.sin(12.9898 * ids[None, :] + 5.1 * np.arange(len(_OFFSETS))[:, None])[..., None, None]
    return window.fixed(centre[None] + normal[None] * half[None] * (offsets + shift))


def _cells(canvas: Float32Array, window: Window, cells: FloatArray, ink: Ink) -> None:
    pad = np.maximum(cells[:, 2], cells[:, 3])[:, None]
    chosen = window.touches(np.concatenate([cells[:, :2] - pad, cells[:, :2] + pad], 1))
    near = cells[chosen]
    centres = window.fixed(near[:, :2]).tolist()
    axes = np.rint((near[:, 2:4] - 0.5 * window.px) * (1 << _SHIFT) / window.px)
    sizes = np.maximum(axes, 1).astype(int).tolist()
    turns = (-np.degrees(near[:, 4])).tolist()
    depth = 0.85 + 0.3 * (0.5 + 0.5 * np.sin(7.31 * chosen))  # some nuclei are paler
    for centre, size, turn, deep in zip(centres, sizes, turns, depth.tolist(), strict=True):
        value = ink.of((NUCLEUS[0] * deep, NUCLEUS[1] * deep, NUCLEUS[2] * deep))
        cv2.ellipse(canvas, centre, size, turn, 0, 360, value, -1, cv2.LINE_8, _SHIFT)
