"""From single slices to one even grid, or a refusal that names the slices at fault.

A slice lies where ImagePositionPatient, projected on the normal of the image, puts it. File names, instance
numbers, SliceLocation, SliceThickness and SpacingBetweenSlices play no part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError, ScaleUnknown
from ssc_core.geometry import Frame
from ssc_core.io.volume.headers import Slice

__all__ = ["JITTER_MM", "JITTER_SHARE", "median_gap", "stacked"]

JITTER_SHARE = 0.05
"""A slice may lie this share of the slice distance off the even grid (and :data:`JITTER_MM` in any case)."""

JITTER_MM = 0.08
"""Positions are often written with one decimal, which moves a slice by up to 0.05 mm (and the grid)."""

SHEAR_PIXELS = 0.25
"""Slices may drift sideways by this many pixels over the whole stack before it counts as sheared."""

Array = npt.NDArray[np.float64]


def stacked(
    slices: Sequence[Slice], source: Path, *, allow_single: bool = False
) -> tuple[list[Slice], Frame]:
    """Slices in order along their normal, with the frame of the (slice, row, column) array.

    Parameters
    ----------
    slices : sequence of Slice
        One series, in any order.
    source : Path
        For messages.
    allow_single : bool
        Accept a single slice, taking its thickness as the slice distance.

    Returns
    -------
    list of Slice, Frame

    Raises
    ------
    ScaleUnknown
        If a slice has no PixelSpacing.
    GeometryError
        If positions, orientations, spacings or sizes are missing or do not fit; names the slice files.
    """
    _require_complete(slices, source)
    _require_uniform(slices, source)
    row, column, normal = _axes(slices[0], source)
    positions = np.array([s.position for s in slices], float)
    order = sorted(range(len(slices)), key=lambda i: (float(positions[i] @ normal), slices[i].name))
    slices = [slices[i] for i in order]
    positions = positions[order]
    if len(slices) == 1:
        distance = _single(slices[0], source, allow_single)
    else:
        distance = _distance(slices, positions @ normal, source)
        _require_straight(slices, positions, normal, source)
    dy, dx = slices[0].spacing or (0.0, 0.0)
    cosines = np.column_stack([normal, column, row])[::-1]
    origin = tuple(positions[0][::-1].tolist())
    return slices, Frame((distance, dy, dx), origin, tuple(map(tuple, cosines.tolist())))


def median_gap(slices: Sequence[Slice]) -> float | None:
    """Median distance of neighbouring slices in mm, for a listing; None where it cannot be told."""
    placed = [s for s in slices if s.position is not None and s.cosines is not None]
    if len(placed) < 2:
        return None
    c = placed[0].cosines or ()
    normal = np.cross(c[:3], c[3:])
    along = np.sort(np.array([s.position for s in placed]) @ normal)
    return float(np.median(np.diff(along)))


def _require_complete(slices: Sequence[Slice], source: Path) -> None:
    for s in slices:
        if s.position is None or s.cosines is None:
            tag = "ImagePositionPatient" if s.position is None else "ImageOrientationPatient"
            raise GeometryError(
                f"slice {s.name} has no usable {tag}, so nobody knows where it lies; export the series again",
                source=source,
                private=[s.file.name],
            )
        if s.spacing is None or min(s.spacing) <= 0:
            raise ScaleUnknown(
                f"slice {s.name} has no usable PixelSpacing, so its scale is unknown; export the series"
                " again",
                source=source,
                private=[s.file.name],
            )


def _require_uniform(slices: Sequence[Slice], source: Path) -> None:
    """All slices share matrix, pixel spacing, orientation and frame of reference."""
    checks: list[tuple[str, Callable[[Slice], object]]] = [
        ("matrix sizes", lambda s: s.shape),
        ("pixel spacings", lambda s: tuple(round(v, 4) for v in s.spacing or ())),
        ("orientations", lambda s: tuple(round(v, 2) + 0.0 for v in s.cosines or ())),
        ("frames of reference", lambda s: s.reference),
    ]
    for what, key in checks:
        counts = Counter(key(s) for s in slices)
        if len(counts) > 1:
            common = counts.most_common(1)[0][0]
            odd = next(s for s in slices if key(s) != common)
            usual = next(s for s in slices if key(s) == common)
            shown = "" if what == "frames of reference" else f" ({_plain(key(odd))} against {_plain(common)})"
            raise GeometryError(
                f"the series mixes {what}: {odd.name} differs from {usual.name}{shown}; separate them into"
                " folders of their own",
                source=source,
                private=[odd.file.name, usual.file.name],
            )


def _plain(value: object) -> str:
    return " x ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)


def _axes(s: Slice, source: Path) -> tuple[Array, Array, Array]:
    cosines = np.asarray(s.cosines, float)
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.allclose(lengths, 1.0, atol=1e-2) or abs(row @ column) > 1e-2:
        raise GeometryError(
            f"slice {s.name} has an ImageOrientationPatient that is not two unit vectors at right angles;"
            " export the series again",
            source=source,
            private=[s.file.name],
        )
    normal = np.cross(row, column)
    return row / lengths[0], column / lengths[1], normal / np.linalg.norm(normal)


def _single(s: Slice, source: Path, allowed: bool) -> float:
    if not allowed:
        raise GeometryError(
            f"only one slice ({s.name}) was found, and a volume needs several; give the folder of the whole"
            " series",
            source=source,
            private=[s.file.name],
        )
    thickness = s.facts.get("slice thickness (mm)")
    return float(thickness) if thickness and thickness > 0 else 1.0


def _distance(slices: Sequence[Slice], along: Array, source: Path) -> float:
    """The one distance between neighbours, or the pair of files where it breaks."""
    steps = np.diff(along)
    usual = float(np.percentile(steps, 50, method="lower"))
    nearest = int(np.argmin(steps))
    if steps[nearest] < max(0.01, 0.02 * usual):
        _refuse_duplicates(slices, steps, nearest, source)
    even = float((along[-1] - along[0]) / (len(along) - 1))
    fitted = np.polyval(np.polyfit(np.arange(len(along)), along, 1), np.arange(len(along)))
    off = np.abs(along - fitted)
    if off.max() <= max(JITTER_MM, JITTER_SHARE * even) and steps.max() < 1.5 * usual:
        return even
    worst = int(np.argmax(np.abs(steps - usual)))
    a, b = slices[worst], slices[worst + 1]
    missing = max(0, round(float(steps[worst]) / usual) - 1)
    levels = Counter(round(float(s), 1) for s in steps)
    frequent = [step for step, n in levels.most_common(2) if n >= 3]
    if len(frequent) == 2 and abs(frequent[0] - frequent[1]) > 0.2 * usual:
        lead = f"the slice distance changes within the series (mostly {frequent[0]:g} and {frequent[1]:g} mm)"
    elif missing:
        lead = f"{missing} slice{'s are' if missing > 1 else ' is'} missing"
    else:
        lead = "the slice distance is uneven"
    raise GeometryError(
        f"{lead}: between {a.name} and {b.name} {usual:.2f} mm were expected and {steps[worst]:.2f} mm found;"
        " export the whole series again",
        source=source,
        private=[a.file.name, b.file.name],
    )


def _refuse_duplicates(slices: Sequence[Slice], steps: Array, at: int, source: Path) -> None:
    a, b = slices[at], slices[at + 1]
    doubles = int(np.count_nonzero(steps < max(0.01, 0.02 * float(np.median(steps)))))
    acquisitions = len({s.acquisition for s in slices})
    if doubles > len(slices) // 3:
        how = f"{doubles} slices lie on top of others, as {a.name} and {b.name}"
        hint = f" (the series holds {acquisitions} acquisitions)" if acquisitions > 1 else ""
        way = "separate the acquisitions or phases into folders of their own"
    else:
        how, hint = f"slices {a.name} and {b.name} lie at the same position", ""
        way = "remove one" if doubles == 1 else f"remove one of each of the {doubles} pairs"
    raise GeometryError(f"{how}{hint}; {way}", source=source, private=[a.file.name, b.file.name])


def _require_straight(slices: Sequence[Slice], positions: Array, normal: Array, source: Path) -> None:
    """Refuse slices that shift sideways from one to the next (gantry tilt)."""
    offset = positions - positions[0]
    along = offset @ normal
    sideways = np.linalg.norm(offset - along[:, None] * normal, axis=1)
    limit = SHEAR_PIXELS * min(slices[0].spacing or (1.0,))
    if sideways.max() <= limit:
        return
    fitted = sideways[-1] / along[-1]
    if np.abs(sideways - fitted * along).max() <= max(limit, JITTER_MM):
        angle = float(np.degrees(np.arctan(fitted)))
        raise GeometryError(
            f"the slices are sheared by {angle:.1f} degrees (gantry tilt): from {slices[0].name} to"
            f" {slices[-1].name} they shift sideways by {sideways[-1]:.1f} mm; ask for a reconstruction"
            " without tilt",
            source=source,
            private=[slices[0].file.name, slices[-1].file.name],
        )
    worst = int(np.argmax(np.abs(np.diff(sideways))))
    raise GeometryError(
        f"the slices do not lie behind one another: from {slices[worst].name} to {slices[worst + 1].name} the"
        f" image shifts sideways by {abs(np.diff(sideways)[worst]):.1f} mm; export the series again",
        source=source,
        private=[slices[worst].file.name, slices[worst + 1].file.name],
    )
