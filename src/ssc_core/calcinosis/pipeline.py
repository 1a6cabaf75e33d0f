"""From a finger image to lesion areas (Chandrasekaran et al. 2021, without a trained network)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.bones import Bones, find_bones, given_bones
from ssc_core.calcinosis.energy import EnergyPair, basis_maps
from ssc_core.calcinosis.findings import sorted_out
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.lesions import grow
from ssc_core.calcinosis.measure import measure
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.residual import residual
from ssc_core.calcinosis.results import CalcinosisResult
from ssc_core.calcinosis.summary import (
    bone_codes_of,
    bone_table_of,
    flags_of,
    lesion_pixels_of,
    lesion_table_of,
    measurements_of,
)
from ssc_core.calcinosis.surroundings import noise_flags, soft_tissue
from ssc_core.calcinosis.told import record_of
from ssc_core.calcinosis.unet.bones import network_bones
from ssc_core.calcinosis.unet.predict import network_of
from ssc_core.errors import EmptyError, GeometryError, InputError
from ssc_core.io.image import FingerImage
from ssc_core.progress import Tick, share, silent, track

__all__ = ["analyse"]

BoolArray = npt.NDArray[np.bool_]

_LEAST_TISSUE_MM2 = 40.0
_LARGEST_SIDE = 2500  # pixels


def analyse(
    image: FingerImage,
    params: CalcinosisParams | None = None,
    *,
    mask: BoolArray | None = None,
    seeds: Sequence[tuple[float, float]] | None = None,
    toggles: Sequence[int] = (),
    pair: EnergyPair | None = None,
    tick: Tick = silent,
) -> CalcinosisResult:
    """Find the phalanges, take them away, grow the lesions in what is left, and measure them.

    Parameters
    ----------
    image : FingerImage
        HU (y, x) with its frame in mm.
    params : CalcinosisParams
        Thresholds; the defaults when not given.
    mask : ndarray, optional
        (y, x) bool: bone as drawn by a reader or a network; found here when not given.
    seeds : sequence of (row, column), optional
        Seeds in pixels; found here when not given. What grows from given seeds counts.
    toggles : sequence of int
        Labels of findings that a reader counts although they were left out, or the other way round.
    pair : EnergyPair, optional
        The image at two energies, of which `image` is the mean (``energy.joined``).
    tick : Tick
        Progress.

    Returns
    -------
    CalcinosisResult

    Raises
    ------
    EmptyError
        If there is no finger, or no bone where bone was expected.
    GeometryError
        If `mask` has another shape than the image.
    InputError
        If values are missing, the image is far too large, a seed lies outside, or a toggle names no finding.
    """
    params = params or CalcinosisParams()
    hu_pixels = _checked(image, params, mask)
    grid = FineGrid.of(hu_pixels.shape, image.frame.spacing, params.fine_mm)
    hu = grid.refined(hu_pixels)
    tissue = hu > params.tissue_hu
    around = soft_tissue(hu, tissue)
    soft = around.hu
    seeded = params.model_copy(update={"seed_hu": around.seed_hu(params.seed_hu)})
    network = network_of(params, mask)
    if network is not None and network.ndim != 2:
        raise InputError("these weights are of a U-Net for volumes; name those of one for images")
    if network is None:
        bones = _bones(hu, tissue, grid, params, soft, mask, share(tick, 0.05, 0.6))
    else:
        spacing = (image.frame.spacing[0], image.frame.spacing[1])
        part = share(tick, 0.05, 0.6)
        bones = network_bones(hu_pixels, spacing, hu, grid, tissue, network, around, params, part)
        _need_bones(bones)
    seen = math.isfinite(bones.blur_mm)
    blur = bones.blur_mm if seen else params.blur_mm
    rest, _ = residual(hu, bones, soft, blur, grid.step)
    regions = grow(rest, bones.distance, grid, seeded, soft, seeds)
    saturated = grid.repeated(np.asarray(image.saturated, bool) & (hu_pixels > 500))
    found = [
        measure(region, hu, rest, bones, saturated, grid, params, blur)
        for region in track(regions, share(tick, 0.65, 0.95), "measuring lesions")
    ]
    large = [f for f in found if f is not None and f.area >= params.minimum_area_mm2]
    kept, left = sorted_out(
        large,
        bones,
        grid,
        params,
        toggles,
        chosen=seeds is not None,
        pair=pair,
        soft=(hu_pixels > params.tissue_hu) & (hu_pixels < 150),
    )
    flags = flags_of(image, bones, kept, left, params, seen, mask is not None)
    flags = (*flags, *(noise_flags(around, params.seed_hu) if seeds is None else ()))
    found_out = {
        "bones_given": mask is not None,
        "two_energies": pair is not None,
        "soft_tissue_hu": round(soft, 6),
        "noise_hu": round(around.noise, 6),
        "seed_used_hu": round(seeded.seed_hu, 6),
        "blur_used_mm": round(blur, 6),
    }
    record = record_of("calcinosis analyse", params, network, seeds, toggles, flags, found_out)
    tick(1.0, 1.0, "done")
    return CalcinosisResult(
        lesion_table_of(kept),
        bone_table_of(bones),
        lesion_pixels_of(kept, grid),
        grid.pixels(bone_codes_of(bones)),
        hu_pixels,
        image.frame,
        measurements_of(kept, bones, soft, blur, seen),
        flags,
        record,
        lesion_table_of(left),
        lesion_pixels_of(left, grid),
        None if pair is None else basis_maps(pair, params.calcium_ratio)[0],
    )


def _checked(image: FingerImage, params: CalcinosisParams, mask: BoolArray | None) -> npt.NDArray[np.float32]:
    hu = np.asarray(image.hu, np.float32)
    if hu.ndim != 2 or min(hu.shape) < 8:
        raise InputError(f"a finger image has two axes and at least 8 x 8 pixels; this one is {hu.shape}")
    if max(hu.shape) > _LARGEST_SIDE:
        raise InputError(
            f"the image of {hu.shape[0]} x {hu.shape[1]} pixels is too large; crop it to the finger"
        )
    if not np.isfinite(hu).all():
        raise InputError("some pixels have no value (NaN or infinite); export the image again")
    if mask is not None and mask.shape != hu.shape:
        raise GeometryError(
            f"the bone mask has {' x '.join(map(str, mask.shape))} pixels and the image"
            f" {' x '.join(map(str, hu.shape))}; draw it on this image"
        )
    if mask is not None and not params.bones:
        raise InputError("a bone mask was given and bones were switched off; choose one of them")
    tissue = float((hu > params.tissue_hu).sum()) * image.frame.pixel_size
    if tissue < _LEAST_TISSUE_MM2:
        raise EmptyError(
            f"no finger in the image: {tissue:.0f} mm2 are denser than {params.tissue_hu:.0f} HU;"
            " check the image, its window and its pixel size"
        )
    return hu


def _bones(
    hu: npt.NDArray[np.float32],
    tissue: BoolArray,
    grid: FineGrid,
    params: CalcinosisParams,
    soft: float,
    mask: BoolArray | None,
    tick: Tick,
) -> Bones:
    if not params.bones:
        return given_bones(np.zeros(hu.shape, bool), hu, grid, math.nan)
    if mask is not None:
        return given_bones(grid.refined_mask(np.asarray(mask, bool)), hu, grid, math.nan)
    bones = find_bones(hu, tissue, grid, params, soft, tick)
    _need_bones(bones)
    return bones


def _need_bones(bones: Bones) -> None:
    if not bones.found:
        raise EmptyError(
            "no phalanx was found in the image; draw the bones and give them as a mask, or use --no-bones for"
            " a body site without bone"
        )
