"""What the classical engine sees of the bones that a network drew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.morphology import disk

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.surroundings import SoftTissue

__all__ = ["agreed", "contested", "missed_parts"]

IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

ADDED = "a part of a bone at row {:.0f}, column {:.0f} was left out by the network and added: check it"
ALONE = (
    "what looks like bone at row {:.0f}, column {:.0f} (bright around a darker inside) was not taken for bone"
    " by the network: check it"
)
_SHARED = 0.5  # of a classical bone lies in the network's: the same bone
_AGREE, _AGREE_SHARP = 0.955, 0.90  # Dice from which only the course of the outline differs
_SHARP_HU, _SHARP_MM = 32.0, 0.35  # noise and blur below which the classical outline is the better one
_LOST_MM, _LOST_MM2 = 0.6, 1.0  # thickness and area of what the classical engine may not lose elsewhere
_BEYOND_MM, _BRIGHT_HU, _COVERED = (1.0, 1.4), 150.0, 0.1  # past the haze of bone; share that is bright there
_RIM = 3  # parts of the grid
_THICK_MM = 1.2  # thinner parts are a matter of outline
_LEAST_MM2 = 3.0
_INSIDE_MM, _DARK = 1.2, 0.75  # beyond the cortex's own blur; share of the cortex's HU
_SEAM_MM = 0.3  # thinner parts lie within the interval of a rim on bone


def missed_parts(
    labels: IntArray, seen: Bones, hu: npt.NDArray[np.float32], grid: FineGrid
) -> tuple[IntArray, tuple[str, ...]]:
    """Parts of bones that a network left out although a closed cortex surrounds them.

    What is as bright inside as the cortex is a deposit around the bone's end, which the classical engine took
    in.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32 on the fine grid: the network's bones.
    seen : Bones
        The classical engine's bones (``bones.find_bones``) of the same image.
    hu : ndarray
        (y, x) float32, the image on the fine grid.
    grid : FineGrid
        Geometry.

    Returns
    -------
    parts : ndarray
        (y, x) int32: the network's number of the bone that a missed part belongs to, 0 elsewhere.
    notes : tuple of str
        What was added, and which closed cortex the network did not take for bone at all.
    """
    parts = np.zeros(labels.shape, np.int32)
    notes = []
    round_ = disk(max(1, round(_THICK_MM / 2 / grid.mean_step)))
    for number, _ in enumerate(seen.found, 1):
        here = seen.labels == number
        inside = np.bincount(labels[here])
        area = int(here.sum())
        share = inside[1:] / max(area, 1)
        if not len(share) or share.sum() < 0.1:
            notes.append(ALONE.format(*grid.middle(here)))
            continue
        home = int(share.argmax()) + 1
        if share[home - 1] < _SHARED:
            continue
        missed = ndi.binary_opening(here & (labels == 0), round_)
        if missed.sum() * grid.part_mm2 >= _LEAST_MM2 and _is_dark(missed, seen, hu):
            grown = ndi.binary_dilation(missed, round_) & here & (labels == 0)
            parts[grown] = home
            notes.append(ADDED.format(*grid.middle(grown)))
    return parts, tuple(notes)


def _is_dark(missed: BoolArray, seen: Bones, hu: npt.NDArray[np.float32]) -> bool:
    """Whether a part is darker inside than the cortex around it, as marrow and spongy bone are."""
    inside = missed & (seen.distance < -_INSIDE_MM)
    rim = missed & (seen.near_hu > 0)
    if not inside.any() or not rim.any():
        return True
    return bool(np.median(hu[inside]) < _DARK * np.median(seen.near_hu[rim]))


def agreed(
    labels: IntArray,
    number: int,
    seen: Bones,
    hu: npt.NDArray[np.float32],
    around: SoftTissue,
    grid: FineGrid,
) -> int:
    """The classical bone that is all but the same as the network's bone `number`; 0 if there is none.

    In a sharp image the classical outline is the finer one, and what the network draws beyond it is, if
    anything, a deposit. In blur and noise the classical engine loses parts of bone, mostly spongy ends: there
    they only agree if nothing was lost beyond which soft tissue lies.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32 on the fine grid: the network's bones.
    number : int
        Which one.
    seen : Bones
        The classical engine's bones.
    hu : ndarray
        (y, x) float32, the image on the fine grid.
    around : SoftTissue
        HU and noise of soft tissue.
    grid : FineGrid
        Geometry.
    """
    here = labels == number
    met = np.bincount(seen.labels[here], minlength=2)
    met[0] = 0
    other = int(met.argmax())
    total = int(here.sum()) + int((seen.labels == other).sum())
    sharp = around.noise < _SHARP_HU and seen.blur_mm < _SHARP_MM
    if not other or 2 * met[other] < (_AGREE_SHARP if sharp else _AGREE) * total:
        return 0
    if sharp:
        return other
    round_ = disk(max(1, round(_LOST_MM / 2 / grid.mean_step)))
    lost = ndi.binary_opening(here & (seen.labels != other), round_)
    if lost.sum() * grid.part_mm2 >= _LOST_MM2:
        lost &= ~_under_deposit(lost, (labels > 0) | (seen.labels > 0), hu > around.hu + _BRIGHT_HU, grid)
    return other if lost.sum() * grid.part_mm2 < _LOST_MM2 else 0


def _under_deposit(parts: BoolArray, bone: BoolArray, bright: BoolArray, grid: FineGrid) -> BoolArray:
    """Those parts at the rim of bone beyond which, past the haze, something bright lies."""
    away, index = ndi.distance_transform_edt(~bone, sampling=grid.step, return_indices=True)
    pieces, n = ndi.label(parts)
    near = ndi.grey_dilation(pieces, footprint=disk(_RIM))[tuple(index)]
    beyond = (away > _BEYOND_MM[0]) & (away < _BEYOND_MM[1])
    out = np.zeros_like(parts)
    for k in range(1, n + 1):
        there = beyond & (near == k)
        if there.any() and bright[there].mean() >= _COVERED:
            out |= pieces == k
    return out


def contested(labels: IntArray, cover: BoolArray, seen: Bones, grid: FineGrid) -> BoolArray:
    """What is taken away as bone although the classical engine, which saw the same bone, ends it before.

    A network can take a deposit that lies broadly on a bone for a part of it.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32 on the fine grid: the network's bones.
    cover : ndarray
        (y, x) bool, what is taken away as bone.
    seen : Bones
        The classical engine's bones.
    grid : FineGrid
        Geometry.

    Returns
    -------
    ndarray
        (y, x) bool; parts thinner than 0.3 mm are left out.
    """
    shared = [n for n in np.unique(labels[labels > 0]) if (seen.labels[labels == n] > 0).mean() >= _SHARED]
    beyond = cover & (seen.labels == 0) & np.isin(labels, [0, *shared])
    return np.asarray(ndi.binary_opening(beyond, disk(max(1, round(_SEAM_MM / 2 / grid.mean_step)))))
