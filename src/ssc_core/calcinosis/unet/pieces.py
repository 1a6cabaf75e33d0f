"""From shares of classes to single bones: one piece per bone, with what the network says about each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.unet.contract import CLASSES

__all__ = ["Piece", "cores_of", "grown_piece", "pieces_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

_SMALLEST_MM2, _SPECK_MM2 = 2.5, 0.3  # of a bone, and of its inside
_JOINT = 0.25  # share of background from which two bones may end there; a narrow joint in noise shows no more
_NECK_MM = 0.7  # bones that only hang together by what is less than twice this wide are two
_SAME_BONE = 0.18  # share of background between two parts of one bone; in a joint it is higher
_HELD = 0.6  # share of a part that lies in a bone of the other engine
_SPLINTER_MM2 = 8.0  # a part smaller than this that lies on a larger one belongs to it
_THREAD_MM = 2.0  # a contact shorter than this is a thread
_WHOLE_MM2 = 25.0  # no whole phalanx is smaller
_PEBBLE = -3.0  # lowest mean log share of "other bone" of a sesamoid
_STUBBY, _STUB = 1.3, 1.8  # a piece (one that is cut) hardly longer than high has no direction of its own
_STUB_MM2 = 40.0  # nor has what is left of a bone at the border, if this small
_ALONG = 0.7  # of its length lies on the border: what is seen of it is wider than long
_EVIDENCE = 1e-3  # lowest share that counts, so that one pixel decides nothing


@dataclass(frozen=True)
class Piece:
    """One bone as the network drew it (attributes of ``numbering.Stick`` among them).

    Parameters
    ----------
    area_mm2 : float
        Area inside the image.
    cut : bool
        The image border cuts it.
    start, end : ndarray
        Ends of its core line, (y, x) mm; both in its middle where it has no direction of its own.
    height_mm : float
        Mean height across the axis.
    evidence : ndarray
        (4,) mean log share of distal, middle, proximal phalanx and other bone.
    """

    area_mm2: float
    cut: bool
    start: FloatArray
    end: FloatArray
    height_mm: float
    evidence: FloatArray


def pieces_of(
    shares: npt.NDArray[np.float32], grid: FineGrid, whole: IntArray | None = None
) -> tuple[IntArray, list[Piece]]:
    """Single bones.

    Parameters
    ----------
    shares : ndarray
        (classes, y, x) on the fine grid.
    grid : FineGrid
        Its geometry.
    whole : ndarray, optional
        (y, x) int32 on the fine grid: bones as another engine sees them. Neighbouring parts that lie in one
        of them are one bone.

    Returns
    -------
    labels : ndarray
        (y, x) int32: index of the piece plus 1.
    pieces : list of Piece
        Largest first.
    """
    bone = np.asarray(ndi.binary_fill_holes(shares[0] < 0.5))
    blobs = np.asarray(cc3d.connected_components(bone, connectivity=8), np.int32)
    # a joint may be fainter than a bone's outline; what is parted here and is one bone is joined again below
    inside = _deep(np.asarray(ndi.binary_fill_holes(shares[0] < _JOINT)), grid) > _NECK_MM
    # by form alone: noise may make the network waver between two names in the middle of one bone
    cores, _ = cores_of(inside, np.zeros(bone.shape, np.intp), _SPECK_MM2 / grid.part_mm2, 4)
    index = ndi.distance_transform_edt(cores == 0, return_distances=False, return_indices=True)
    nearest = cores[tuple(index)]
    home = blobs[tuple(index)]
    labels = np.where(bone & (home == blobs), nearest, 0).astype(np.int32)
    homes = _homes(labels, np.zeros_like(labels) if whole is None else whole)
    labels = _joined(labels, shares[0], grid, homes)
    log = np.log(np.maximum(shares[1:], _EVIDENCE))
    counts = np.bincount(labels.ravel())
    order = [int(k) for k in np.argsort(-counts, kind="stable") if k and counts[k]]
    pieces = {k: _piece(labels, k, log, grid) for k in order}
    kept = [k for k in order if not _is_chip(pieces[k])]
    lookup = np.zeros(len(counts), np.int32)
    lookup[kept] = np.arange(1, len(kept) + 1)
    return np.asarray(lookup[labels], np.int32), [pieces[k] for k in kept]


def cores_of(
    bone: npt.NDArray[np.bool_], kind: npt.NDArray[np.intp], smallest: float, links: int
) -> tuple[IntArray, list[int]]:
    """Connected parts of one class, specks left out, and the class of each.

    Parameters
    ----------
    bone : ndarray
        bool, image or volume.
    kind : ndarray
        Likeliest of the classes but background, from 0 on.
    smallest : float
        Parts with fewer pixels are left out.
    links : int
        Neighbours that count as connected.
    """
    cores = np.zeros(bone.shape, np.int32)
    kinds: list[int] = []
    for k in range(len(CLASSES) - 1):
        parts = np.asarray(cc3d.connected_components(bone & (kind == k), connectivity=links), np.int32)
        counts = np.bincount(parts.ravel())
        for label, box in enumerate(ndi.find_objects(parts), 1):
            if counts[label] < smallest:
                continue
            kinds.append(k + 1)
            cores[box][parts[box] == label] = len(kinds)
    return cores, kinds


def _homes(labels: IntArray, whole: IntArray) -> npt.NDArray[np.intp]:
    """For each part the bone of another engine that holds most of it; 0 if none does."""
    parts, bones = int(labels.max()) + 1, max(int(whole.max()) + 1, 2)
    both = labels.astype(np.int64) * bones + whole
    met = np.bincount(both.ravel(), minlength=parts * bones).reshape(parts, bones)
    homes = 1 + met[:, 1:].argmax(1)
    homes[met[:, 1:].max(1) <= _HELD * met.sum(1)] = 0
    return np.asarray(homes, np.intp)


def _joined(
    labels: IntArray, background: npt.NDArray[np.float32], grid: FineGrid, homes: npt.NDArray[np.intp]
) -> IntArray:
    """Parts of one bone that the network took for different phalanges, made one.

    Between two bones there is a joint, where the network sees background, if only a little; between two
    parts of one bone it sees hardly any, or another engine sees them as one (`homes`). A splinter is no bone
    of its own. What is small and only hangs on a bone by a thread is no part of it: the network took a bit of
    a deposit for bone.
    """
    top = int(labels.max()) + 1
    pairs, values = [], []
    for axis in (0, 1):
        a, b = (np.moveaxis(labels, axis, 0)[s] for s in (slice(None, -1), slice(1, None)))
        at = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.minimum(a, b)[at].astype(np.int64) * top + np.maximum(a, b)[at])
        values.append(np.moveaxis(background, axis, 0)[:-1][at])
    code, value = np.concatenate(pairs), np.concatenate(values)
    seen = {int(pair): float(np.median(value[code == pair])) for pair in np.unique(code)}
    threads = {
        int(pair): float(n) * grid.mean_step
        for pair, n in zip(*np.unique(code, return_counts=True), strict=True)
    }
    area = np.bincount(labels.ravel(), minlength=top) * grid.part_mm2
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    at_border = np.isin(np.arange(top), rim)
    lookup = np.arange(top)
    for pair, between in sorted(seen.items(), key=lambda item: item[1]):
        one, other = (int(lookup[k]) for k in divmod(pair, top))
        small = min(area[one], area[other])
        inner = not (at_border[one] if area[one] < area[other] else at_border[other])
        if threads[pair] < _THREAD_MM and small < _WHOLE_MM2 and inner:
            continue
        first, second = (int(homes[k]) for k in divmod(pair, top))
        same = between < _SAME_BONE or (first == second != 0)
        if one != other and (same or small < _SPLINTER_MM2):
            lookup[lookup == other] = one
            area[one] += area[other]
            at_border[one] |= at_border[other]
    return np.asarray(lookup[labels], np.int32)


def _deep(bone: npt.NDArray[np.bool_], grid: FineGrid) -> FloatArray:
    """Depth under the surface, mm; a bone goes on beyond the image's border."""
    margin = 2 * round(_NECK_MM / grid.mean_step)
    depth = ndi.distance_transform_edt(np.pad(bone, margin, mode="edge"), sampling=grid.step)
    return np.asarray(depth[margin:-margin, margin:-margin])


def _along_border(here: npt.NDArray[np.bool_], grid: FineGrid) -> float:
    """How much of the image's border it covers on one side, mm."""
    sides = (here[0], here[-1], here[:, 0], here[:, -1])
    return max(float(side.sum()) for side in sides) * grid.mean_step


def _is_chip(piece: Piece) -> bool:
    """Too small for a bone, or for a whole phalanx and no sesamoid in the network's eyes: of a deposit."""
    if piece.area_mm2 < _SMALLEST_MM2:
        return True
    return not piece.cut and piece.area_mm2 < _WHOLE_MM2 and float(piece.evidence[-1]) < _PEBBLE


def grown_piece(piece: Piece, here: npt.NDArray[np.bool_], grid: FineGrid) -> Piece:
    """The same bone after parts were added: `here` is where it lies now."""
    return replace(_formed(here, grid), evidence=piece.evidence)


def _piece(labels: IntArray, number: int, log: npt.NDArray[np.float32], grid: FineGrid) -> Piece:
    here = labels == number
    return replace(_formed(here, grid), evidence=log[:, here].mean(1).astype(float))


def _formed(here: npt.NDArray[np.bool_], grid: FineGrid) -> Piece:
    at = np.argwhere(here) * np.asarray(grid.step)
    centre = at.mean(0)
    _, vectors = np.linalg.eigh((at - centre).T @ (at - centre))
    axis = vectors[:, 1]
    along = (at - centre) @ axis
    area = len(at) * grid.part_mm2
    length = max(float(np.ptp(along)), grid.mean_step)
    height = area / length
    cut = bool(here[[0, -1]].any() or here[:, [0, -1]].any())
    short = length < (_STUB if cut else _STUBBY) * height or (cut and area < _STUB_MM2)
    short = short or _along_border(here, grid) > _ALONG * length
    half = length / 2 if short else height / 2
    return Piece(
        area,
        cut,
        centre + (along.min() + half) * axis,
        centre + (along.max() - half) * axis,
        height,
        np.zeros(len(CLASSES) - 1),
    )
