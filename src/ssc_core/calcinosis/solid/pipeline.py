"""From a finger or hand volume to lesion volumes (Chandrasekaran et al. 2021, Discussion: future work)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.burden import burden_of
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.solid.blur import blur_along
from ssc_core.calcinosis.solid.bones import find_bones_3d, near_bone_hu, signed_distance
from ssc_core.calcinosis.solid.grid import Block, block_of
from ssc_core.calcinosis.solid.growing import grow_bodies
from ssc_core.calcinosis.solid.measure import Body, measure_body
from ssc_core.calcinosis.solid.residual import residual_3d
from ssc_core.calcinosis.solid.results import SolidResult
from ssc_core.calcinosis.solid.summary import (
    bone_table,
    flags_3d,
    lesion_table,
    measurements_3d,
    slice_flags,
)
from ssc_core.calcinosis.solid.verdict import judged
from ssc_core.calcinosis.surroundings import noise_flags, soft_tissue
from ssc_core.calcinosis.told import record_of
from ssc_core.calcinosis.unet.predict import Segmenter, network_of
from ssc_core.calcinosis.unet.solid_bones import network_bones_3d
from ssc_core.errors import EmptyError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.progress import Tick, share, silent, track

__all__ = ["analyse_volume"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


def analyse_volume(
    hu: npt.NDArray[np.float32],
    frame: Frame,
    params: CalcinosisParams | None = None,
    *,
    mask: BoolArray | None = None,
    seeds: Sequence[Sequence[float]] | None = None,
    toggles: Sequence[int] = (),
    warnings: tuple[str, ...] = (),
    tick: Tick = silent,
) -> SolidResult:
    """Find bones in a volume, take them away, grow the lesions in what is left, measure them in mm3.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32, HU.
    frame : Frame
        Its voxels, mm.
    params : CalcinosisParams
        Thresholds and density calibration; the defaults when not given.
    mask : ndarray, optional
        (z, y, x) bool: bone as drawn by a reader or a network; found here when not given.
    seeds : sequence of (plane, row, column), optional
        Seeds as indices; found here when not given. What grows from given seeds counts.
    toggles : sequence of int
        Labels of findings that a reader counts although they were left out, or the other way round.
    warnings : tuple of str
        What opening the file told.
    tick : Tick
        Progress.

    Returns
    -------
    SolidResult

    Raises
    ------
    EmptyError
        If there is no finger, or no bone where bone was expected.
    GeometryError
        If `mask` has another shape.
    InputError
        If values are missing, the volume is far too large, or a seed lies outside.
    """
    params = params or CalcinosisParams()
    hu = _checked(hu, params, mask)
    tick(0.0, 1.0, "measuring soft tissue")
    block = block_of(hu, frame, params.tissue_hu)
    tick(0.03, 1.0, "measuring soft tissue")
    around = soft_tissue(block.hu, block.hu > params.tissue_hu)
    soft = around.hu
    seeded = params.model_copy(update={"seed_hu": around.seed_hu(params.seed_hu)})
    tick(0.06, 1.0, "looking for bones")
    network = _network(params, mask)
    tick(0.1, 1.0, "looking for bones")
    bones = _bones(block, params, soft, mask, network, share(tick, 0.1, 0.6))
    tick(0.6, 1.0, "taking the bones away")
    seen = blur_along(block.hu, bones.distance, soft, block.step)
    blur = seen or (params.blur_mm,) * 3
    rest = residual_3d(block, bones, soft, blur, share(tick, 0.6, 0.62))
    grown = grow_bodies(rest, bones.distance, block, seeded, soft, seeds, share(tick, 0.62, 0.65))
    found = [
        measure_body(g, block, rest, bones, frame.pixel_size, params, soft, blur)
        for g in track(grown, share(tick, 0.65, 0.95), "measuring lesions")
    ]
    large = [b for b in found if b is not None and b.volume >= params.minimum_volume_mm3]
    kept, left = judged(large, bones, block, params, toggles, chosen=seeds is not None)
    table, left_out = lesion_table(kept), lesion_table(left)
    flags = (*warnings, *flags_3d(table, left_out, bones, params, seen is not None, mask is not None))
    flags = (*flags, *(noise_flags(around, params.seed_hu) if seeds is None else ()))
    flags = (*flags, *slice_flags(max(frame.spacing)))
    found_out = {
        "bones_given": mask is not None,
        "soft_tissue_hu": round(soft, 6),
        "noise_hu": round(around.noise, 6),
        "seed_used_hu": round(seeded.seed_hu, 6),
        "blur_used_mm": [round(b, 6) for b in blur],
    }
    record = record_of("calcinosis analyse (volume)", params, network, seeds, toggles, flags, found_out)
    tick(0.97, 1.0, "drawing bones and lesions")
    drawn = [block.voxels(_painted(which, block), hu.shape) for which in (kept, left)]
    tick(0.98, 1.0, "drawing bones and lesions")
    bone_labels = block.voxels(bones.labels, hu.shape)
    tick(1.0, 1.0, "done")
    return SolidResult(
        table,
        bone_table(bones),
        burden_of(table),
        drawn[0],
        bone_labels,
        frame,
        measurements_3d(table, bones, soft, float(np.mean(blur)), seen is not None),
        flags,
        record,
        left_out,
        drawn[1],
    )


def _checked(hu: npt.NDArray[np.float32], params: CalcinosisParams, mask: BoolArray | None) -> FloatArray:
    out = np.asarray(hu, np.float32)
    if out.ndim != 3 or min(out.shape) < 4:
        raise InputError(f"a volume has three axes of at least 4 voxels; this one is {out.shape}")
    if not np.isfinite(out).all():
        raise InputError("some voxels have no value (NaN or infinite); export the volume again")
    if mask is not None and mask.shape != out.shape:
        raise GeometryError(f"the bone mask is {mask.shape}, the volume {out.shape}; draw it on this volume")
    if mask is not None and not params.bones:
        raise InputError("a bone mask was given and bones were switched off; choose one of them")
    if (params.calibration_slope is None) != (params.calibration_intercept is None):
        raise InputError("give both --calibration-slope and --calibration-intercept, or neither")
    return out


def _network(params: CalcinosisParams, mask: BoolArray | None) -> Segmenter | None:
    """The U-Net, where it was trained on volumes; one for images cannot see them."""
    network = network_of(params, mask)
    return network if network is not None and network.ndim == 3 else None


def _bones(
    block: Block,
    params: CalcinosisParams,
    soft: float,
    mask: BoolArray | None,
    network: Segmenter | None,
    tick: Tick,
) -> Bones:
    if params.bones and mask is None:
        if network is None:
            bones = find_bones_3d(block, soft, params, tick)
        else:
            bones = network_bones_3d(block, network, tick)
        if not bones.found:
            raise EmptyError(
                "no bone was found in the volume; draw the bones and give them as a mask, or use --no-bones"
                " for a body site without bone"
            )
        return bones
    drawn = np.zeros(block.hu.shape, bool)
    if mask is not None:
        drawn = np.kron(np.asarray(mask, bool)[block.box.slices], np.ones(block.factor, bool))
    tick(0.2, 1.0, "looking at the cortex")
    near = near_bone_hu(block, drawn)
    distance = signed_distance(drawn, block.step, share(tick, 0.5, 1.0))
    return Bones(drawn.astype(np.int32), (), near, distance, math.nan)


def _painted(kept: list[Body], block: Block) -> npt.NDArray[np.int32]:
    labels = np.zeros(block.hu.shape, np.int32)
    for body in kept:
        labels[body.box][body.mask] = body.row["label"]
    return labels
