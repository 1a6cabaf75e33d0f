"""A finger image or volume with its true bones, deposits and areas."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage as ndi

from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.phantoms.finger.chain import drawn_finger
from ssc_core.phantoms.finger.deposits import placed_deposits
from ssc_core.phantoms.finger.render import Grid, Hand, paint
from ssc_core.phantoms.finger.spec import FingerSpec
from ssc_core.phantoms.finger.truth import averaged, energies_of, phalanges_of, table_of
from ssc_core.progress import Tick, silent
from ssc_core.seeds import seed_of

__all__ = ["FingerPhantom", "make_hand", "make_image", "make_volume"]

_FINE_MM = 0.1


@dataclass(frozen=True)
class FingerPhantom:
    """What was rendered, and the truth about it.

    Parameters
    ----------
    hu : ndarray
        (y, x) or (z, y, x) float32, HU of the mixed image.
    low, high : ndarray
        The same at 80 and 140 kVp.
    frame : Frame
        Pixel positions, mm.
    bones : ndarray
        int32, 1 distal, 2 middle, 3 proximal phalanx, 4 other normal bone (metacarpal, sesamoid); 10 more
        for a second finger. A pixel belongs to what covers at least half of it.
    lesions : ndarray
        int32, deposit labels, in the same way.
    table : pandas.DataFrame
        One row per deposit: label, finger, kind, area_mm2 (2-D) or volume_mm3 (3-D), measured on the fine
        grid inside the field of view, mean_hu, touches_bone, touches_border, row, column (and plane).
    phalanges : pandas.DataFrame
        One row per visible bone: label, finger, complete (not cut by the border).
    spec : FingerSpec
        What was asked for.
    """

    hu: npt.NDArray[np.float32]
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    frame: Frame
    bones: npt.NDArray[np.int32]
    lesions: npt.NDArray[np.int32]
    table: pd.DataFrame
    phalanges: pd.DataFrame
    spec: FingerSpec = field(repr=False)


def make_hand(spec: FingerSpec) -> Hand:
    """The fingers and their deposits, before any pixel."""
    fingers, all_deposits, offsets = [], [], []
    areas = spec.areas_mm2
    for number in range(spec.fingers):
        rng = np.random.default_rng(seed_of(spec.seed, "finger", number))
        finger = drawn_finger(
            rng,
            shape=spec.shape_spread,
            osteophytes=spec.osteophytes,
            sesamoid=spec.sesamoid,
            posture=np.random.default_rng(seed_of(spec.seed, "posture")),
        )
        mine = areas[number :: spec.fingers]
        touching = tuple(bool(t) for t in spec.touching[number :: spec.fingers])
        low, high = _visible(
            finger.bones[0].start[0], finger.bones[2].point(finger.bones[2].bone.length)[0], spec
        )
        deposits = placed_deposits(
            finger, mine, touching, rng, span=(low + 1.5, high - 1.5), hu=spec.deposit_hu
        )
        fingers.append(finger)
        all_deposits.append(deposits)
        offsets.append((0.0, 0.0) if number == 0 else _beside(rng))
    return Hand(tuple(fingers), tuple(all_deposits), tuple(offsets))


def make_image(spec: FingerSpec, tick: Tick = silent) -> FingerPhantom:
    """A sagittal image (y, x): a slab of ``spec.slab_mm`` through the middle of the finger."""
    hand = make_hand(spec)
    return _rendered(spec, hand, np.zeros(1), spec.slab_mm, tick, flat=True)


def make_volume(spec: FingerSpec, *, width_mm: float = 18.0, tick: Tick = silent) -> FingerPhantom:
    """A volume (z, y, x) of sagittal slices, ``spec.slab_mm`` apart, over `width_mm`: the same finger."""
    hand = make_hand(spec)
    n = max(1, round(width_mm / spec.slab_mm))
    centres = np.asarray((np.arange(n) - (n - 1) / 2) * spec.slab_mm, np.float64)
    return _rendered(spec, hand, centres, spec.slab_mm, tick, flat=False)


def _visible(tip: float, base: float, spec: FingerSpec) -> tuple[float, float]:
    """Range along x (mm) that the view shows: what `cut` asks for."""
    length = base - tip
    start = tip - 7.0 if spec.cut in ("none", "proximal") else tip + 0.45 * 17.0
    end = base + 7.0 if spec.cut in ("none", "distal") else tip + 0.72 * length
    return start, end


def _beside(rng: np.random.Generator) -> tuple[float, float]:
    """Offset of a second finger: below the first, its tip a little before or behind."""
    return float(rng.uniform(-4, 4)), float(rng.uniform(25, 28))


def _rendered(
    spec: FingerSpec, hand: Hand, centres: npt.NDArray[np.float64], slab: float, tick: Tick, *, flat: bool
) -> FingerPhantom:
    spacing = spec.spacing_mm
    sub = tuple(max(3, math.ceil(s / _FINE_MM)) for s in spacing)
    planes_per = max(3, math.ceil(slab / 0.2))
    fine = (spacing[0] / sub[0], spacing[1] / sub[1])
    margin = tuple(math.ceil(4 * spec.psf_mm / s) + 1 for s in spacing)
    shape, centre = _view(spec, hand)
    whole = tuple((n + 2 * m) * k for n, m, k in zip(shape, margin, sub, strict=True))
    plane_step = slab / planes_per
    w = (centres[:, None] + (np.arange(planes_per) - (planes_per - 1) / 2) * plane_step).ravel()
    grid = Grid.of_view(
        centre, spec.angle_deg * math.pi / 180, spec.mirrored, (whole[0], whole[1]), fine, w, plane_step
    )
    named, planes = paint(hand, grid, tick)
    slices = [
        averaged(planes[i * planes_per : (i + 1) * planes_per], sub, margin, spec.psf_mm / np.array(fine))
        for i in range(len(centres))
    ]
    hu, calcium = np.stack([s[0] for s in slices]), np.stack([s[1] for s in slices])
    bones, lesions = np.stack([s[2] for s in slices]), np.stack([s[3] for s in slices])
    if not flat:  # within the plane the blur is already there
        hu = ndi.gaussian_filter1d(hu, spec.psf_mm / slab, axis=0, mode="nearest")
        calcium = ndi.gaussian_filter1d(calcium, spec.psf_mm / slab, axis=0, mode="nearest")
    table = table_of(hand, named, grid, planes, margin, sub, flat)
    phalanges = phalanges_of(bones)
    mixed, low, high = energies_of(spec, hu, calcium)
    frame = Frame(spacing, (0.0, 0.0)) if flat else Frame((slab, *spacing), (0.0, 0.0, 0.0))
    if flat:
        return FingerPhantom(mixed[0], low[0], high[0], frame, bones[0], lesions[0], table, phalanges, spec)
    return FingerPhantom(mixed, low, high, frame, bones, lesions, table, phalanges, spec)


def _view(spec: FingerSpec, hand: Hand) -> tuple[tuple[int, int], tuple[float, float]]:
    """Shape in pixels and centre (x, y) in mm of what is shown."""
    first = hand.fingers[0]
    tip, base = first.bones[0].start, first.bones[2].point(first.bones[2].bone.length)
    start, end = _visible(float(tip[0]), float(base[0]), spec)
    at = np.linspace(start, end, 30)
    middle = np.interp(at, first.line[:, 0], first.line[:, 1])
    low, high = middle.min() - 13.0, middle.max() + 13.0
    if len(hand.fingers) > 1:
        high += hand.offsets[1][1]
    length, height = end - start, high - low
    c, s = abs(math.cos(math.radians(spec.angle_deg))), abs(math.sin(math.radians(spec.angle_deg)))
    wide, tall = length * c + height * s, height * c + length * s
    if spec.cut != "none":  # a cut end lies on the border even when the finger is turned
        wide, tall = length * max(c, 0.3) if c > s else wide, length * max(s, 0.3) if s > c else tall
    shape = (round(tall / spec.spacing_mm[0]), round(wide / spec.spacing_mm[1]))
    if min(shape) < 16:
        raise InputError(f"a phantom of {shape[0]} x {shape[1]} pixels is too small; use smaller pixels")
    return shape, ((start + end) / 2, float(low + high) / 2)
