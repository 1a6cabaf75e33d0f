"""What a tool did to a label volume: a box with its voxels before and after, compressed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numcodecs import Blosc

from ssc_core.errors import GeometryError, InputError
from ssc_core.geometry import Box

__all__ = ["PLANES", "Change", "Labels", "box_around", "change_of", "check_labels"]

PLANES = {"axial": 0, "coronal": 1, "sagittal": 2}
"""Plane to the array axis (z, y, x) that stands on it."""

Labels = npt.NDArray[Any]

_CODEC = Blosc("lz4", 5, Blosc.NOSHUFFLE)


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between two states of a label volume.

    Parameters
    ----------
    box : Box
        The smallest block (z, y, x) that holds every changed voxel.
    before, after : bytes
        Its voxels in both states, compressed.
    dtype : str
        Of the voxels.
    voxels : int
        How many differ.
    what : str
        What was done, in words for the log.
    plane : str
        Plane in which it was done: "axial", "coronal" or "sagittal".
    slice : int
        Slice of that plane to show when the change is undone or redone.
    """

    box: Box
    before: bytes
    after: bytes
    dtype: str
    voxels: int
    what: str
    plane: str
    slice: int

    def apply(self, labels: Labels) -> None:
        """Write the state after into `labels`, in place.

        Raises
        ------
        InputError
            If `labels` are not in the state before: something else has changed them.
        """
        self.check(labels)
        labels[self.box.slices] = self._voxels(self.after)

    def revert(self, labels: Labels) -> None:
        """Write the state before into `labels`, in place.

        Raises
        ------
        InputError
            If `labels` are not in the state after.
        """
        self.check(labels, back=True)
        labels[self.box.slices] = self._voxels(self.before)

    def states(self) -> tuple[Labels, Labels]:
        """The voxels of the box before and after."""
        return self._voxels(self.before), self._voxels(self.after)

    def without(self, slices: Collection[int]) -> Change | None:
        """The same change sparing these axial slices; None where nothing is left of it."""
        first, last = self.box.start[0], self.box.stop[0]
        inside = [z - first for z in slices if first <= z < last]
        if not inside:
            return self
        before, after = self.states()
        after = after.copy()
        after[inside] = before[inside]
        return _packed(self.box, before, after, self.what, self.plane, self.slice)

    def _voxels(self, packed: bytes) -> Labels:
        values: Labels = np.frombuffer(_CODEC.decode(packed), self.dtype)
        return values.reshape(self.box.shape)

    def check(self, labels: Labels, back: bool = False) -> None:
        """Make sure that `labels` are in the state before (after, to go `back`).

        Raises
        ------
        InputError, GeometryError
            If they are not.
        """
        part = labels[self.box.slices]
        if part.shape != self.box.shape or labels.dtype != self.dtype:
            raise GeometryError("the change belongs to another mask; open the mask that it was made on")
        if not np.array_equal(part, self._voxels(self.after if back else self.before)):
            raise InputError(
                f"the mask was changed by something else since '{self.what}'; open it again to go on"
            )


def change_of(
    labels: Labels, box: Box, after: Labels, what: str, plane: str = "axial", slice_: int | None = None
) -> Change | None:
    """The change from `labels` to `after` within `box`; None where they are equal.

    Parameters
    ----------
    labels : array (z, y, x)
        As they are now. They are not written to.
    box : Box
        A block inside of `labels`.
    after : array
        What the block shall hold.
    what : str
        What is done, in words.
    plane : {"axial", "coronal", "sagittal"}
        Where it is done.
    slice_ : int, optional
        The slice of that plane that the user looks at; by default the middle one of what changes.

    Raises
    ------
    GeometryError
        If the sizes do not fit.
    """
    before = labels[box.slices]
    if before.shape != tuple(after.shape) or before.shape != box.shape:
        raise GeometryError(f"a block of {tuple(after.shape)} voxels does not fit a box of {box.shape}")
    return _packed(box, before, after.astype(labels.dtype, copy=False), what, plane, slice_)


def _packed(
    box: Box, before: Labels, after: Labels, what: str, plane: str, slice_: int | None
) -> Change | None:
    differs = before != after
    tight = box_around(differs)
    if tight is None:
        return None
    moved = Box(
        tuple(a + b for a, b in zip(box.start, tight.start, strict=True)),
        tuple(a + b for a, b in zip(box.start, tight.stop, strict=True)),
    )
    axis = PLANES[plane]
    middle = (moved.start[axis] + moved.stop[axis] - 1) // 2
    old, new = (_CODEC.encode(np.ascontiguousarray(state[tight.slices])) for state in (before, after))
    at = middle if slice_ is None else int(slice_)
    voxels = int(np.count_nonzero(differs))
    return Change(moved, old, new, str(before.dtype), voxels, what, plane, at)


def box_around(mask: npt.NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds every True voxel; None where there is none."""
    start, stop = [], []
    for axis in range(mask.ndim):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        if not len(hit):
            return None
        start.append(int(hit[0]))
        stop.append(int(hit[-1]) + 1)
    return Box(tuple(start), tuple(stop))


def check_labels(labels: Labels, label: int | None = None, plane: str | None = None) -> None:
    """Refuse what is no label volume, a label that it cannot hold, or an unknown plane.

    Raises
    ------
    InputError
        Telling which.
    """
    if labels.ndim != 3 or labels.dtype.kind not in "iu":
        raise InputError(
            f"labels are whole numbers on three axes (z, y, x), not {labels.dtype} on {labels.ndim} axes"
        )
    if label is not None and not 0 <= label <= np.iinfo(labels.dtype).max:
        raise InputError(
            f"label {label} does not fit into {labels.dtype}; use 0 to {np.iinfo(labels.dtype).max}"
        )
    if plane is not None and plane not in PLANES:
        raise InputError(f"there is no plane '{plane}'; use {', '.join(PLANES)}")
