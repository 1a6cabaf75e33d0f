"""What is told about one image: flags, summary numbers, tables, label images."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.measure import UNITS, Found
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.results import BONE_NAMES
from ssc_core.io.image import FingerImage
from ssc_core.results import Measurement

__all__ = [
    "TIP_UNSEEN",
    "bone_codes_of",
    "bone_table_of",
    "flags_of",
    "lesion_pixels_of",
    "lesion_table_of",
    "measurements_of",
]

_DOUBTED_MM2 = 60.0  # beyond the largest lesion that was read (48 mm2), a bone may have been missed
_HALF_SEEN = 0.6
TIP_UNSEEN = "the numbers of the phalanges are not sure: they were numbered from their shapes and lengths"
"""Said where a fingertip is not in view, or where the network and the shapes do not agree."""


def flags_of(
    image: FingerImage,
    bones: Bones,
    kept: list[Found],
    left: list[Found],
    params: CalcinosisParams,
    seen: bool,
    given: bool,
) -> tuple[str, ...]:
    """What must be known before the numbers are used, as plain sentences."""
    flags = list(image.warnings)
    if not params.bones:
        flags.append("bones were not looked for: everything bright is a lesion")
    if given:
        flags.append("bones were given as a mask; they are not numbered")
    elif params.bones:
        flags += [*_bone_flags(bones), *bones.notes]
    if not seen:
        flags.append(f"blur could not be seen at bone edges; {params.blur_mm:g} mm was assumed")
    large = [f for f in kept if f.area > _DOUBTED_MM2]
    if large:
        flags.append(f"{len(large)} lesion(s) above {_DOUBTED_MM2:.0f} mm2: check that they are not bone")
    cut = sum(bool(f.row["touches_border"]) for f in kept)
    if cut:
        flags.append(f"{cut} lesion(s) reach the image border")
    bright = sum(bool(f.row["saturated"]) for f in kept)
    if bright:
        flags.append(f"{bright} lesion(s) are saturated: their HU are lower bounds")
    if left:
        what = ", ".join(f"{f.row['label']} ({f.row['kind']})" for f in left)
        flags.append(f"{len(left)} finding(s) do not count: {what}; toggle them by label if they are lesions")
    return tuple(flags)


def _bone_flags(bones: Bones) -> list[str]:
    flags = []
    for bone in bones.found:
        name = f"{BONE_NAMES[bone.phalanx or 5]} of finger {bone.finger}"
        if bone.cut and bone.phalanx in (1, 2, 3):
            flags.append(f"{name} is cut by the image border; what is visible was used")
        if bone.seen < _HALF_SEEN:
            flags.append(f"{name}: only {bone.seen:.0%} of its outline is free; the rest was bridged")
    if any(not b.sure and b.phalanx != 4 for b in bones.found):
        flags.append(TIP_UNSEEN)
    return flags


def measurements_of(
    kept: list[Found], bones: Bones, soft: float, blur: float, seen: bool
) -> dict[str, Measurement]:
    """The numbers of the whole image; errors of single lesions are taken as independent."""
    areas = np.array([f.area for f in kept])
    half = np.array([[f.row["area_mm2"] - f.row["low"], f.row["high"] - f.row["area_mm2"]] for f in kept])
    down, up = np.sqrt((half.reshape(-1, 2) ** 2).sum(0)) if len(kept) else (0.0, 0.0)
    total = float(areas.sum())
    largest = max(kept, key=lambda f: f.area).row if kept else None
    return {
        "lesions": Measurement(float(len(kept)), ""),
        "mean_density": _density(kept),
        "total_area": Measurement(
            total, "mm2", max(total - float(down), 0.0), total + float(up), "sum of lesions"
        ),
        "largest_area": Measurement(
            max(kept, key=lambda f: f.area).area if kept else math.nan,
            "mm2",
            float(largest["low"]) if largest else math.nan,
            float(largest["high"]) if largest else math.nan,
            "" if kept else "no lesion was found",
        ),
        "area_on_bone": Measurement(
            float(sum(f.area for f in kept if f.row["touches_bone"])), "mm2", note="lesions that touch bone"
        ),
        "bones": Measurement(float(len(bones.found)), ""),
        "soft_tissue": Measurement(soft, "HU", note="median below 150 HU"),
        "blur": Measurement(blur, "mm", note="standard deviation at bone edges" if seen else "assumed"),
    }


def _density(kept: list[Found]) -> Measurement:
    total = sum(f.area for f in kept)
    if not total:
        return Measurement(math.nan, "HU", note="no lesion was found")
    mean = sum(f.area * float(f.row["mean_hu"]) for f in kept) / total
    bound = any(bool(f.row["saturated"]) for f in kept)
    return Measurement(mean, "HU", note="weighted by area" + (", a lower bound: saturated" if bound else ""))


def lesion_table_of(kept: list[Found]) -> pd.DataFrame:
    """One row per lesion, in the order given."""
    table = pd.DataFrame([f.row for f in kept], columns=list(UNITS))
    flags = ["touches_bone", "touches_border", "saturated", "tiny"]
    words = dict.fromkeys(["kind", "energy_grade", "flags"], "str")
    numbers = dict.fromkeys([c for c, unit in UNITS.items() if unit] + ["contour", "energy_ratio"], "float64")
    whole = {"label": "int64", "finger": "int64"}
    return table.astype({**numbers, **dict.fromkeys(flags, bool), **words, **whole})


def bone_table_of(bones: Bones) -> pd.DataFrame:
    """One row per bone, from the tip on."""
    rows = [
        {
            "finger": b.finger,
            "phalanx": BONE_NAMES[b.phalanx or 5],
            "sure": b.sure,
            "cut": b.cut,
            "grade": "doubtful" if b.seen < _HALF_SEEN else "cut" if b.cut else "complete",
            "seen": b.seen,
            "area_mm2": b.area_mm2,
        }
        for b in sorted(bones.found, key=lambda b: (b.finger, b.phalanx))
    ]
    return pd.DataFrame(rows, columns=["finger", "phalanx", "sure", "cut", "grade", "seen", "area_mm2"])


def bone_codes_of(bones: Bones) -> npt.NDArray[np.int32]:
    """Bone labels on the fine grid, as ``results.BONE_NAMES`` counts them."""
    codes = np.array([0] + [(b.phalanx or 5) + 10 * (b.finger - 1) for b in bones.found], np.int32)
    return codes[bones.labels]


def lesion_pixels_of(kept: list[Found], grid: FineGrid) -> npt.NDArray[np.int32]:
    """Lesion labels on the image's pixels."""
    fine = np.zeros(tuple(n * f for n, f in zip(grid.shape, grid.factor, strict=True)), np.int32)
    for found in kept:
        fine[found.box][found.mask] = found.row["label"]
    return grid.pixels(fine)
