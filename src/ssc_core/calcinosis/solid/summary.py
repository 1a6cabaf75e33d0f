"""What is told about a volume: tables, summary numbers, flags."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.burden import burden_of
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.results import BONE_NAMES
from ssc_core.calcinosis.solid.grid import COARSE_MM
from ssc_core.calcinosis.solid.measure import UNITS_3D, Body
from ssc_core.calcinosis.summary import TIP_UNSEEN
from ssc_core.results import Measurement

__all__ = ["bone_table", "flags_3d", "lesion_table", "measurements_3d", "slice_flags"]

_DOUBTED_MM3 = 500.0
_HALF_SEEN = 0.6
_TESTED_MM = 1.0  # slices farther apart were never measured against truth


def lesion_table(kept: list[Body]) -> pd.DataFrame:
    """One row per lesion, in the order given."""
    table = pd.DataFrame([b.row for b in kept], columns=list(UNITS_3D))
    flags = dict.fromkeys(["touches_bone", "touches_border", "tiny"], bool)
    numbers = [c for c, unit in UNITS_3D.items() if unit]
    kinds: dict[str, Any] = {
        **dict.fromkeys(["kind", "flags"], "str"),
        **flags,
        **dict.fromkeys(numbers, "float64"),
        "label": "int64",
        "finger": "int64",
    }
    return table.astype(kinds)


def bone_table(bones: Bones) -> pd.DataFrame:
    """One row per bone; its label is that of the mask."""
    columns = ["label", "finger", "phalanx", "sure", "cut", "seen", "volume_mm3"]
    rows = [  # a bone's size is a volume here
        (i, b.finger, BONE_NAMES[b.phalanx or 5], b.sure, b.cut, round(b.seen, 6), b.area_mm2)
        for i, b in enumerate(bones.found, 1)
    ]
    return pd.DataFrame(rows, columns=columns)


def measurements_3d(
    table: pd.DataFrame, bones: Bones, soft: float, blur: float, seen: bool
) -> dict[str, Measurement]:
    """The numbers of the whole volume."""
    whole = burden_of(table).iloc[-1]
    mean = float(whole.mean_hu)
    return {
        "lesions": Measurement(float(len(table)), ""),
        "total_volume": Measurement(
            float(whole.volume_mm3), "mm3", float(whole.low), float(whole.high), "sum of lesions"
        ),
        "mean_density": Measurement(
            mean, "HU", note="weighted by volume" if len(table) else "no lesion was found"
        ),
        "mass": _mass_of(whole, table),
        "bones": Measurement(float(len(bones.found)), ""),
        "soft_tissue": Measurement(soft, "HU", note="median below 150 HU"),
        "blur": Measurement(blur, "mm", note="standard deviation at bone edges" if seen else "assumed"),
    }


def _mass_of(whole: pd.Series[float], table: pd.DataFrame) -> Measurement:
    if not len(table):
        return Measurement(math.nan, "mg", note="no lesion was found")
    if math.isnan(float(whole.mass_mg)):
        return Measurement(
            math.nan, "mg", note="no density calibration was given (slope and intercept, mg/cm3)"
        )
    return Measurement(float(whole.mass_mg), "mg", note="by the calibration given")


def flags_3d(
    table: pd.DataFrame,
    left: pd.DataFrame,
    bones: Bones,
    params: CalcinosisParams,
    seen: bool,
    given: bool,
) -> tuple[str, ...]:
    """What must be known before the numbers are used, as plain sentences."""
    flags = []
    if not params.bones:
        flags.append("bones were not looked for: everything bright is a lesion")
    if given:
        flags.append("bones were given as a mask; fingers are not told apart")
    cut = sum(b.cut for b in bones.found)
    if cut:
        flags.append(f"{cut} bone(s) are cut by the volume's border; what is visible was used")
    if any(not b.sure and b.phalanx != 4 for b in bones.found):
        flags.append(TIP_UNSEEN)
    hidden = sum(b.seen < _HALF_SEEN for b in bones.found)
    if hidden:
        flags.append(f"{hidden} bone(s) are free on less than {_HALF_SEEN:.0%} of their surface: check them")
    if not seen:
        flags.append(f"blur could not be seen at bone surfaces; {params.blur_mm:g} mm was assumed")
    large = int((table.volume_mm3 > _DOUBTED_MM3).sum())
    if large:
        flags.append(f"{large} lesion(s) above {_DOUBTED_MM3:.0f} mm3: check that they are not bone")
    if len(left):
        what = ", ".join(map(str, left.label))
        flags.append(f"{len(left)} finding(s) do not count ({what}); toggle by label if they are lesions")
    return tuple(flags)


def slice_flags(slice_mm: float) -> tuple[str, ...]:
    """What slices this far apart (mm) can no longer tell."""
    flags = []
    if slice_mm > COARSE_MM:
        flags.append(
            f"slices {slice_mm:g} mm apart: dim layers on bone that are no thicker than a slice do not count"
        )
    if slice_mm > _TESTED_MM:
        flags.append(f"slices farther apart than {_TESTED_MM:g} mm were never tested: sizes may be wrong")
    return tuple(flags)
