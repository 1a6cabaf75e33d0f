"""The trichrome biopsy phantom: any window at any pixel size, and what is true in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
from shapely import affinity
from shapely.geometry import Polygon

from ssc_core.errors import InputError
from ssc_core.phantoms.biopsy.optics import developed, glass, transmitted
from ssc_core.phantoms.biopsy.paint import Window, dye_ink, label_ink, paint
from ssc_core.phantoms.biopsy.section import Section, build_section
from ssc_core.phantoms.biopsy.stain import MASSON, ScannerSpec, StainSpec
from ssc_core.phantoms.biopsy.truth import Truth, measured_truth
from ssc_core.seeds import seed_of

__all__ = ["Biopsy"]

Float32Array = npt.NDArray[np.float32]

_BLOCK = 1024  # fine pixels; windows are cut from blocks of a fixed grid, so that overlapping windows agree
_FINE_UM = 0.9  # paint at least this finely, then average
_TARGET_LIGHT = 0.66  # mean brightness of the dermis after differentiation by eye
_EYE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Biopsy:
    """A forearm punch biopsy, stained and scanned, with known answers.

    Everything is a function of position: any window can be rendered alone, and overlapping windows of the
    same pixel size agree to the last bit.

    Parameters
    ----------
    seed : int
        Everything individual follows from it.
    fibrosis : float
        The knob, 0 (healthy) to 1: thicker, denser and more parallel bundles; thicker dermis; flatter rete.
    size_mm : (height, width)
        Of the tissue; glass of 0.22 mm is added on every side.
    stain, scanner : optional
        Drawn from `seed` when not given.

    Raises
    ------
    InputError
        If the knob lies outside 0-1 or the tissue is smaller than 0.6 x 0.6 mm.
    """

    seed: int
    fibrosis: float
    size_mm: tuple[float, float] = (2.0, 4.0)
    stain: StainSpec | None = None
    scanner: ScannerSpec | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.fibrosis <= 1.0:
            raise InputError(f"the fibrosis knob must lie in 0-1, not {self.fibrosis}")
        if min(self.size_mm) < 0.6 or not all(map(math.isfinite, self.size_mm)):
            raise InputError(f"a biopsy phantom must be at least 0.6 x 0.6 mm, not {self.size_mm}")
        rng = np.random.default_rng(seed_of(self.seed, "biopsy phantom", "stain"))
        drawn_stain, drawn_scanner = MASSON.varied(rng), ScannerSpec().varied(rng)
        object.__setattr__(self, "stain", self.stain or drawn_stain)
        object.__setattr__(self, "scanner", self.scanner or drawn_scanner)

    @cached_property
    def section(self) -> Section:
        """The drawing behind the image."""
        return build_section(self.seed, self.fibrosis, self.size_mm)

    @property
    def size_um(self) -> tuple[float, float]:
        """Height and width of the canvas with its glass."""
        return self.section.anatomy.size_um

    def shape(self, mpp: float) -> tuple[int, int]:
        """Pixels (height, width) of the whole canvas at `mpp` um per pixel."""
        _check_mpp(mpp)
        return math.ceil(self.size_um[0] / mpp), math.ceil(self.size_um[1] / mpp)

    @cached_property
    def dermis(self) -> Polygon:
        """Outline of the dermis in um, (x, y), from the canvas' upper left corner."""
        return Polygon(self.section.dermis[:, ::-1])

    def dermis_px(self, mpp: float, offset: tuple[float, float] = (0.0, 0.0)) -> Polygon:
        """The dermis in pixel edge coordinates (x, y); the canvas begins at pixel `offset` (y, x)."""
        scale = 1.0 / mpp
        return affinity.affine_transform(self.dermis, [scale, 0.0, 0.0, scale, offset[1], offset[0]])

    @cached_property
    def truth(self) -> Truth:
        """What is true of the whole dermis."""
        return measured_truth(self.section, self.fibrosis)

    def render(self, y: int, x: int, height: int, width: int, mpp: float) -> npt.NDArray[np.uint8]:
        """RGB (height, width, 3) uint8 of the window whose first pixel is (y, x); outside is glass."""
        _check_mpp(mpp)
        reduce = max(1, math.ceil(mpp / _FINE_UM - 1e-9))
        block = _BLOCK >> (reduce - 1).bit_length()  # a power of two: strips of slides hold whole blocks
        out = np.empty((height, width, 3), np.uint8)
        for row in range(y // block, -(-(y + height) // block)):
            for column in range(x // block, -(-(x + width) // block)):
                piece = self._block(row * block, column * block, block, mpp, reduce)
                y0, x0 = max(y, row * block), max(x, column * block)
                y1, x1 = min(y + height, (row + 1) * block), min(x + width, (column + 1) * block)
                out[y0 - y : y1 - y, x0 - x : x1 - x] = piece[
                    y0 - row * block : y1 - row * block, x0 - column * block : x1 - column * block
                ]
        return out

    def image(self, mpp: float) -> npt.NDArray[np.uint8]:
        """RGB of the whole canvas."""
        return self.render(0, 0, *self.shape(mpp), mpp)

    def labels(self, y: int, x: int, height: int, width: int, mpp: float) -> npt.NDArray[np.int32]:
        """Bundle on top at each pixel centre: ``i + 1``, -1 for other collagen (sheaths), 0 for none."""
        _check_mpp(mpp)
        window = Window(y * mpp, x * mpp, height, width, mpp)
        return paint(self.section, window, label_ink(self.section.bundles))[..., 0].astype(np.int32)

    def collagen(self, y: int, x: int, height: int, width: int, mpp: float) -> npt.NDArray[np.bool_]:
        """Where there is collagen (height, width)."""
        found: npt.NDArray[np.bool_] = self.labels(y, x, height, width, mpp) != 0
        return found

    def orientation(self, y: int, x: int, height: int, width: int, mpp: float) -> npt.NDArray[np.float32]:
        """Direction of the bundle at each pixel, radians in [0, pi) from +x towards -y; NaN off bundles."""
        labels = self.labels(y, x, height, width, mpp)
        return self.section.bundles.direction(labels, Window(y * mpp, x * mpp, height, width, mpp).centres())

    @cached_property
    def gain(self) -> float:
        """How much collagen dye differentiation by eye left, relative to an undifferentiated slide."""
        assert self.stain is not None
        if self.stain.differentiation == 0.0:
            return 1.0
        amounts, shares = self._dermal_collagen_dye()
        low, high = 0.05, 20.0
        for _ in range(40):
            middle = math.sqrt(low * high)
            light = np.exp(-middle * amounts[:, None] * MASSON.matrix[:, 0]) @ _EYE
            if float(light @ shares) > _TARGET_LIGHT:
                low = middle
            else:
                high = middle
        return float(math.sqrt(low * high) ** self.stain.differentiation)

    def _dermal_collagen_dye(self) -> tuple[Float32Array, Float32Array]:
        """Amounts of collagen dye and the share of the dermis with each, at 2 um (the eye at the bench)."""
        px = 2.0
        height, width = self.shape(px)
        window = Window(0.0, 0.0, height, width, px)
        dyes = paint(self.section, window, dye_ink(self.section.bundles))[..., 0]
        inside = np.zeros((height, width), np.uint8)
        cv2.fillPoly(inside, [np.rint(self.section.dermis[:, ::-1] / px).astype(np.int32)], 1)
        counts, edges = np.histogram(dyes[inside > 0], 256, (0.0, 2.5))
        middle = 0.5 * (edges[1:] + edges[:-1])
        return middle.astype(np.float32), (counts / counts.sum()).astype(np.float32)

    def _block(self, row: int, column: int, size: int, mpp: float, reduce: int) -> npt.NDArray[np.uint8]:
        """One block of the fixed grid, rendered with a margin for the point spread."""
        assert self.stain is not None
        assert self.scanner is not None
        margin = math.ceil(3.0 * self.scanner.blur_um / mpp) + 1
        row, column, side = row - margin, column - margin, size + 2 * margin
        inner = (slice(margin, margin + size), slice(margin, margin + size))
        y0, x0, y1, x1 = self.section.reach
        if row * mpp > y1 or (row + side) * mpp < y0 or column * mpp > x1 or (column + side) * mpp < x0:
            return glass((side, side), self.scanner, row, column)[inner]
        px = mpp / reduce
        window = Window(row * mpp, column * mpp, side * reduce, side * reduce, px)
        dyes = paint(self.section, window, dye_ink(self.section.bundles))
        y = window.y + (np.arange(window.height, dtype=np.float64) + 0.5) * px
        x = window.x + (np.arange(window.width, dtype=np.float64) + 0.5) * px
        light = transmitted(dyes, self.stain, self.gain, y, x)
        return developed(light, self.scanner, px, reduce, row, column)[inner]


def _check_mpp(mpp: float) -> None:
    if not (math.isfinite(mpp) and 0.05 <= mpp <= 64.0):
        raise InputError(f"the pixel size of a phantom must lie in 0.05-64 um, not {mpp}")
