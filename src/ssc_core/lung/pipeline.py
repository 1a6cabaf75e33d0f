"""The lung analysis: a CT in, lungs, levels and densities out. No files."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, GeometryError
from ssc_core.io.volume import Volume, check_hu
from ssc_core.lung.checks import findings_of, grade_of
from ssc_core.lung.density import Histograms, level_table, volume_table
from ssc_core.lung.dome import dome_height
from ssc_core.lung.engines import mask_by
from ssc_core.lung.given import coarse_from, given_slabs
from ssc_core.lung.grid import WorkGrid, shrink
from ssc_core.lung.levels import LEVEL_NAMES, Height, Level, find_heights
from ssc_core.lung.mask import CoarseMask, coarse_mask
from ssc_core.lung.params import LungParams
from ssc_core.lung.refine import refined
from ssc_core.lung.results import LungResult
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.progress import Tick, share, silent
from ssc_core.results import Measurement, record_run

__all__ = ["analyse"]


def analyse(
    image: Volume,
    params: LungParams | None = None,
    *,
    mask: npt.ArrayLike | None = None,
    tick: Tick = silent,
) -> LungResult:
    """Find the lungs and the five Goh levels of a chest CT, and measure areas and densities.

    Parameters
    ----------
    image : Volume
        The CT: HU, (z, y, x), LPS from feet to head.
    params : LungParams, optional
        Thresholds and offsets; the defaults if None.
    mask : array of int, (z, y, x), optional
        A lung mask on the CT's grid to use instead of the own one: 1 right lung, 2 left lung, 3 airway.
    tick : Tick
        Progress; may raise ``Cancelled``.

    Returns
    -------
    LungResult

    Raises
    ------
    InputError
        If the values cannot be HU, or one label of the given mask covers both lungs.
    EmptyError
        If there is no body or no lung in the CT, or the given mask is empty.
    GeometryError
        If the CT has too few slices or the mask another shape.

    Notes
    -----
    Levels as in Goh et al. 2008 and Jia et al. 2024 (Introduction): origin of the great vessels, main carina,
    pulmonary venous confluence, halfway between 3 and 5, and above the right hemidiaphragm.
    """
    params = params or LungParams()
    _check_image(image)
    odd = check_hu(image)
    grid = shrink(image, params.work_mm, share(tick, 0.0, 0.25))
    mask = mask_by(params.engine, image, mask)
    if mask is None:
        coarse = coarse_mask(grid, params, share(tick, 0.25, 0.6))
    else:
        mask = _checked_mask(mask, image)
        coarse = coarse_from(mask, grid, params)
    midline = coarse.midline_mm
    dome = dome_height(coarse.labels == RIGHT, grid, midline)
    left_dome = dome_height(coarse.labels == LEFT, grid, midline, right=False)
    findings = findings_of(grid, coarse, dome, left_dome)
    heights = find_heights(grid, coarse, dome, params.dome_offset_mm, findings)
    levels = tuple(_level(n, height, grid, image) for n, height in heights.items())

    labels = np.zeros(image.shape, np.uint8)
    counts = Histograms(frozenset(level.slice for level in levels if level.slice is not None))
    rest = share(tick, 0.6, 1.0)
    slabs = (
        refined(image, grid, coarse, params.lung_hu, rest) if mask is None else given_slabs(image, mask, rest)
    )
    for first, hu, part in slabs:
        labels[first : first + len(part)] = part
        counts.add(first, hu, part)
    texts = (*image.warnings, *odd, *(f.text for f in findings), *_spacing_flags(image), *_doubled(levels))
    flags = tuple(dict.fromkeys(texts))
    volumes = volume_table(counts, image.frame.pixel_size / 1000.0, params.density_hu)
    return LungResult(
        mask=labels,
        frame=image.frame,
        levels=levels,
        areas=level_table(levels, counts, image.frame.spacing[1] * image.frame.spacing[2], params.density_hu),
        volumes=volumes,
        measurements=_measurements(levels, dict(zip(volumes["lung"], volumes["volume_ml"], strict=True))),
        flags=flags,
        record=record_run("lung analyse", params.model_dump(mode="json"), {}, warnings=flags),
        image=image,
        grade=grade_of(findings),
        reasons=tuple(f.text for f in findings),
        landmarks=_landmarks(grid, coarse, dome),
    )


def _landmarks(
    grid: WorkGrid, coarse: CoarseMask, dome: float | None
) -> dict[str, tuple[float, float, float]]:
    """Carina and right dome as indices in the CT."""
    scale = [n / m for n, m in zip(grid.source_shape[1:], grid.hu.shape[1:], strict=True)]

    def at(z: float, y: float, x: float) -> tuple[float, float, float]:
        return grid.to_source_slice(z), (y + 0.5) * scale[0] - 0.5, (x + 0.5) * scale[1] - 0.5

    out = {}
    if coarse.airway.carina is not None:
        end = min(coarse.airway.trachea, key=lambda s: s.z)
        out["carina"] = at(coarse.airway.carina, end.y / grid.spacing[1], end.x / grid.spacing[2])
    if dome is not None:
        base = (coarse.labels == RIGHT)[max(0, round(dome)) :][:1]
        y, x = (float(v.mean()) for v in np.nonzero(base[0])) if base.any() else (0.0, 0.0)
        if base.any():
            out["right dome"] = at(dome, y, x)
    return out


def _check_image(image: Volume) -> None:
    n, height, width = image.shape
    dz, dy, dx = image.frame.spacing
    if n < 3 or n * dz < 60.0:
        raise GeometryError(
            f"a chest needs at least 3 slices over 60 mm, this CT has {n} over {n * dz:.0f} mm; "
            "give the whole series"
        )
    if min(height * dy, width * dx) < 100.0:
        raise GeometryError(
            f"the image shows only {width * dx:.0f} x {height * dy:.0f} mm, too little for a chest; "
            "check its spacing"
        )


def _checked_mask(mask: npt.ArrayLike, image: Volume) -> npt.NDArray[np.uint8]:
    values = np.asarray(mask)
    if values.shape != image.shape:
        raise GeometryError(
            f"the mask has {' x '.join(map(str, values.shape))} voxels and the CT "
            f"{' x '.join(map(str, image.shape))}; give a mask drawn on this CT"
        )
    if values.dtype.kind not in "iub" or values.min() < 0 or values.max() > 3:
        raise GeometryError("the mask must hold 0, 1 (right lung), 2 (left lung) and 3 (airway) only")
    if not ((values == RIGHT) | (values == LEFT)).any():
        raise EmptyError("the mask holds no lung (1 right, 2 left); draw one or leave the mask away")
    return values.astype(np.uint8, copy=False)


def _level(number: int, height: Height, grid: WorkGrid, image: Volume) -> Level:
    name = LEVEL_NAMES[number]
    if math.isnan(height.z):
        return Level(number, name, math.nan, None, None, height.method, math.nan, height.note)
    z = grid.to_source_slice(height.z)
    nearest = int(np.clip(round(z), 0, image.shape[0] - 1))
    middle = [(n - 1) / 2 for n in image.shape[1:]]
    z_mm = float(image.frame.to_physical([z, *middle])[0])
    axial = image.orientation.order[0] == 0
    source = image.source_slice(nearest) if axial else None
    return Level(number, name, z_mm, nearest, source, height.method, height.uncertainty_mm, height.note)


def _measurements(levels: tuple[Level, ...], volumes: dict[str, float]) -> dict[str, Measurement]:
    out = {
        "lung_volume": Measurement(volumes["both"], "ml"),
        "right_lung_volume": Measurement(volumes["right"], "ml"),
        "left_lung_volume": Measurement(volumes["left"], "ml"),
    }
    for level in levels:
        note = "; ".join(filter(None, (level.method, level.note)))
        spread = level.uncertainty_mm
        out[f"level_{level.number}_z"] = Measurement(
            level.z_mm, "mm", level.z_mm - spread, level.z_mm + spread, note
        )
    return out


def _doubled(levels: tuple[Level, ...]) -> tuple[str, ...]:
    given = [level for level in levels if level.slice is not None]
    return tuple(
        f"levels {a.number} and {b.number} fall into the same slice"
        for a, b in itertools.pairwise(given)
        if a.slice == b.slice
    )


def _spacing_flags(image: Volume) -> tuple[str, ...]:
    dz = image.frame.spacing[0]
    if dz > 5.0:
        return (
            f"slices lie {dz:g} mm apart: levels are known to a slice at best, thin structures are blurred",
        )
    return ()
