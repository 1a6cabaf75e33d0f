"""A calcinosis result, of an image or a volume, as layers and as a table that people read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from napari_ssc._layers import LayerData, placed

__all__ = [
    "AREAS",
    "BONES",
    "LEFT_OUT",
    "LESIONS",
    "anchor_of",
    "findings_of",
    "place_at",
    "result_layers",
    "shown_table",
]

BONES, LESIONS, LEFT_OUT, AREAS = "bones", "lesions", "left out", "areas"

_COLOURS = ("#ff5a36", "#ffc400", "#e64b8c", "#9be564", "#b66dff", "#00e5c3")
_SQUARED, _CUBED = "mm\N{SUPERSCRIPT TWO}", "mm\N{SUPERSCRIPT THREE}"
_HEADINGS = {
    "label": "lesion",
    "area_mm2": f"area ({_SQUARED})",
    "volume_mm3": f"volume ({_CUBED})",
    "low": "from",
    "high": "to",
    "counts": "counts",
    "kind": "kind",
    "finger": "finger",
    "long_mm": "long (mm)",
    "middle_mm": "middle (mm)",
    "short_mm": "short (mm)",
    "ellipse_mm2": f"ellipse ({_SQUARED})",
    "ellipsoid_mm3": f"ellipsoid ({_CUBED})",
    "mean_hu": "mean HU",
    "mass_mg": "mass (mg)",
    "touches_bone": "touches bone",
    "touches_border": "cut by border",
    "saturated": "saturated",
    "flags": "remarks",
}


def findings_of(result: Any) -> pd.DataFrame:
    """Lesions that count, then findings that do not, with a column ``counts``."""
    parts = [result.lesions.assign(counts=True), result.left_out.assign(counts=False)]
    table: pd.DataFrame = pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)
    return table


def shown_table(result: Any, turned: Collection[int]) -> pd.DataFrame:
    """One row per finding, with headings for people; `turned` says what the next run will turn round."""
    table = findings_of(result)
    words = [
        ("yes" if counts else "no") + (f", {'no' if counts else 'yes'} after Run" if label in turned else "")
        for label, counts in zip(table["label"], table["counts"], strict=True)
    ]
    table = table.assign(counts=words)
    kept = [c for c in _HEADINGS if c in table.columns]
    if "mass_mg" in kept and not table["mass_mg"].notna().any():
        kept.remove("mass_mg")  # no calibration was given
    return table[kept].rename(columns=_HEADINGS)


def place_at(result: Any, row: int) -> Any:
    """World position of the middle of a finding."""
    finding = findings_of(result).iloc[row]
    return result.frame.to_physical([finding[a] for a in ("plane", "row", "column")[-result.frame.ndim :]])


def result_layers(result: Any, drawn: Collection[str]) -> list[LayerData]:
    """Bones and lesions as labels that may be painted on, each lesion with its size beside it.

    Parameters
    ----------
    result : CalcinosisResult or SolidResult
        What was found.
    drawn : collection of str
        ``BONES``, ``LESIONS``: what the user has drawn and is there already.
    """
    at = placed(result.frame)
    layers: list[LayerData] = []
    if BONES not in drawn:
        layers.append((result.bone_labels.copy(), {**_bone_style(result), **at}, "labels"))
    if len(result.left_out) and result.left_out_labels.any():
        layers.append((result.left_out_labels, {**_left_style(), **at}, "labels"))
    if LESIONS not in drawn:
        layers.append((result.lesion_labels.copy(), {**_lesion_style(result), **at}, "labels"))
    if len(result.lesions):
        axes = ["plane", "row", "column"][-result.frame.ndim :]
        points = result.lesions[axes].to_numpy(float)
        if len(axes) == 3:
            points[:, 0] = np.round(points[:, 0])  # a point is seen in its own plane only
        captions = {**_captions(result.lesions), **at}
        captions["text"]["anchor"] = anchor_of(points, result.lesion_labels.shape)
        layers.append((points, captions, "points"))
    return layers


def size_text(value: float) -> str:
    """A size with three digits, zeros at its end included."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def anchor_of(points: Any, shape: tuple[int, ...]) -> str:
    """On which side of their lesions captions stand: on the side of the image where there is more room."""
    right = shape[-1] - points[:, -1].max() < points[:, -1].min()
    return "lower_right" if right else "lower_left"


def _bone_style(result: Any) -> dict[str, Any]:
    from napari.utils.colormaps import direct_colormap

    names = _bone_names(result)
    return {
        "name": BONES,
        "opacity": 0.3,
        "colormap": direct_colormap({None: "#5aa9e6", 0: "transparent"}),
        "features": {"index": [0, *names], "name": ["", *names.values()]},
    }


def _bone_names(result: Any) -> dict[int, str]:
    if "label" in result.bones:
        rows = result.bones[["label", "phalanx", "finger"]].itertuples(index=False)
        return {int(label): f"{phalanx}, finger {finger}" for label, phalanx, finger in rows}
    from ssc_core.calcinosis.save import bone_names

    return bone_names(result)


def _lesion_style(result: Any) -> dict[str, Any]:
    from napari.utils.colormaps import CyclicLabelColormap

    from ssc_core.calcinosis.burden import size_of

    table = result.lesions
    size = size_of(table)
    return {
        "name": LESIONS,
        "opacity": 0.75,
        "colormap": CyclicLabelColormap(colors=list(_COLOURS)),
        "features": {"index": [0, *table["label"]], size: [0.0, *table[size]]},
    }


def _left_style() -> dict[str, Any]:
    from napari.utils.colormaps import direct_colormap

    return {
        "name": LEFT_OUT,
        "opacity": 0.6,
        "colormap": direct_colormap({None: "#c8c8c8", 0: "transparent"}),
    }


def _captions(lesions: pd.DataFrame) -> dict[str, Any]:
    from ssc_core.calcinosis.burden import size_of

    size = size_of(lesions)
    unit = _CUBED if size == "volume_mm3" else _SQUARED
    text = [
        f"{label}: {size_text(value)} {unit}"
        for label, value in zip(lesions["label"], lesions[size], strict=True)
    ]
    return {
        "name": AREAS,
        "text": {"string": text, "color": "white", "size": 11},
        "size": 0.1,
        "face_color": "transparent",
        "border_color": "transparent",
    }
