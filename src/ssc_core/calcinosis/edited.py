"""A reader's last word on outlines: lesions as they were drawn over those that were found."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.calcinosis.burden import burden_of, size_of
from ssc_core.calcinosis.drawn_rows import row_of_area, row_of_volume
from ssc_core.calcinosis.results import CalcinosisResult
from ssc_core.calcinosis.solid.results import SolidResult
from ssc_core.errors import GeometryError, InputError
from ssc_core.progress import Tick, silent, track
from ssc_core.results import Measurement

__all__ = ["with_lesions"]

IntArray = npt.NDArray[np.int32]
Result = TypeVar("Result", bound=CalcinosisResult | SolidResult)


def with_lesions(
    result: Result,
    labels: npt.NDArray[Any],
    hu: npt.NDArray[np.float32],
    saturated: npt.NDArray[np.bool_] | None = None,
    tick: Tick = silent,
) -> Result:
    """The result with lesions as a reader drew them.

    A label whose pixels are exactly those of a finding keeps its measures, also where that finding did not
    count; every other label is measured as it is drawn, pixel by pixel, and flagged. Findings that are no
    longer drawn do not count. A lesion too small to own a pixel cannot be drawn over: it stays.

    Parameters
    ----------
    result : CalcinosisResult or SolidResult
        What was found; its bones stay.
    labels : ndarray
        Integers on the pixels of `result`, 0 where there is no lesion.
    hu : ndarray
        The image, HU.
    saturated : ndarray, optional
        bool, where the image could not tell how bright it is.
    tick : Tick
        Progress.

    Raises
    ------
    GeometryError
        If `labels` has another shape.
    InputError
        If it holds negative numbers.
    """
    if labels.shape != result.lesion_labels.shape:
        raise GeometryError(
            f"the drawn lesions have {' x '.join(map(str, labels.shape))} pixels and the image"
            f" {' x '.join(map(str, result.lesion_labels.shape))}; draw them on this image"
        )
    if labels.size and int(labels.min()) < 0:
        raise InputError("the drawn lesions hold negative labels; use whole numbers from 1 on")
    drawn: IntArray = np.asarray(labels, np.int32)
    numbers: list[int] = [int(v) for v in np.unique(drawn) if v]
    found = list(_rows(result, drawn, numbers, hu, saturated, tick))
    tiny = result.lesions[~result.lesions["label"].isin(np.unique(result.lesion_labels))]
    free = max([*numbers, *result.lesions["label"], *result.left_out["label"], 0]) + 1
    taken = set(numbers)
    for row in _records(tiny):
        if row["label"] in taken:
            row["label"], free = free, free + 1
        found.append(row)
    table = _table(result.lesions, found)
    counted = {int(v) for v in table["label"]} | {f["was"] for f in found if "was" in f}
    left = result.left_out[~result.left_out["label"].isin(counted)]
    by_hand = sum("drawn" in str(f) for f in table["flags"])
    said = f"lesions were drawn by a reader; {by_hand} of {len(table)} are measured as drawn"
    digest = hashlib.sha256(np.ascontiguousarray(drawn, "<i4").tobytes()).hexdigest()
    record = replace(
        result.record,
        parameters={**result.record.parameters, "lesions_drawn": f"sha256:{digest}"},
        warnings=(*result.record.warnings, said),
    )
    more: dict[str, Any] = {"burden": burden_of(table)} if isinstance(result, SolidResult) else {}
    return replace(
        result,
        lesions=table,
        lesion_labels=drawn,
        left_out=left.reset_index(drop=True),
        left_out_labels=np.where(np.isin(result.left_out_labels, left["label"]), result.left_out_labels, 0),
        measurements=_measurements(result.measurements, table),
        flags=(*result.flags, said),
        record=record,
        **more,
    )


def _rows(
    result: CalcinosisResult | SolidResult,
    drawn: IntArray,
    numbers: list[int],
    hu: npt.NDArray[np.float32],
    saturated: npt.NDArray[np.bool_] | None,
    tick: Tick,
) -> Iterable[dict[str, Any]]:
    known = [
        (labels, {r["label"]: r for r in _records(table)}, counts)
        for labels, table, counts in (
            (result.lesion_labels, result.lesions, True),
            (result.left_out_labels, result.left_out, False),
        )
    ]
    for number in track(numbers, tick, "measuring drawn lesions"):
        mask = drawn == number
        first = np.unravel_index(int(mask.argmax()), mask.shape)
        for labels, rows, counts in known:
            was = int(labels[first])
            if was and was in rows and np.array_equal(labels == was, mask):
                note = "" if counts else "counted by the reader"
                flags = "; ".join(filter(None, [str(rows[was]["flags"]), note]))
                yield {**rows[was], "label": number, "flags": flags, "was": was}
                break
        else:
            bright = saturated is not None and bool(np.asarray(saturated)[mask].any())
            yield {**_measured(mask, hu, result, bright), "label": number}


def _measured(
    mask: npt.NDArray[np.bool_],
    hu: npt.NDArray[np.float32],
    result: CalcinosisResult | SolidResult,
    saturated: bool,
) -> dict[str, Any]:
    if isinstance(result, SolidResult):
        return row_of_volume(mask, hu, result)
    return row_of_area(mask, hu, result, saturated)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _table(like: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows from the largest on, with the columns and types of `like`."""
    ordered = sorted(rows, key=lambda r: (-float(r[size_of(like)]), int(r["label"])))
    return pd.DataFrame(ordered, columns=list(like.columns)).astype(like.dtypes.to_dict())


def _measurements(before: Mapping[str, Measurement], table: pd.DataFrame) -> dict[str, Measurement]:
    """The numbers of the whole, of the new table; what is not about lesions stays."""
    whole = {str(k): v for k, v in burden_of(table).iloc[-1].to_dict().items()}
    size = size_of(table)
    total = "total_volume" if size == "volume_mm3" else "total_area"
    none = "" if len(table) else "no lesion was drawn"
    out = dict(before)
    out["lesions"] = replace(before["lesions"], value=float(len(table)))
    out[total] = replace(before[total], value=whole[size], low=whole["low"], high=whole["high"])
    out["mean_density"] = replace(
        before["mean_density"], value=whole["mean_hu"], note=none or before["mean_density"].note
    )
    if "mass" in out:
        missing = bool(len(table)) and bool(table["mass_mg"].isna().any())
        mass = math.nan if missing else float(table["mass_mg"].sum())
        note = "lesions drawn by hand have no mass" if missing else none or before["mass"].note
        out["mass"] = replace(before["mass"], value=mass, note=note)
    if "largest_area" in out:
        largest = table.iloc[0] if len(table) else None
        value, low, high = (
            (math.nan,) * 3
            if largest is None
            else (float(largest["area_mm2"]), float(largest["low"]), float(largest["high"]))
        )
        out["largest_area"] = replace(before["largest_area"], value=value, low=low, high=high, note=none)
        on_bone = float(table.loc[table["touches_bone"], "area_mm2"].sum())
        out["area_on_bone"] = replace(before["area_on_bone"], value=on_bone)
    return out
