"""Calcinosis in the demo: finger images whose deposits are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.calcinosis.case import CalcinosisCase
from ssc_core.cohort import write_manifest
from ssc_core.demo.study import Part
from ssc_core.io.store import read_array, write_mask
from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom, write_export
from ssc_core.plots.truth import Pairs, against_truth
from ssc_core.progress import Tick
from ssc_core.report import Figure, Note, Section, Table

__all__ = ["build", "section"]

_CASES: dict[str, FingerSpec] = {
    "finger-free": FingerSpec(1, areas_mm2=(30.0, 8.0, 2.0, 0.8), touching=(False,) * 4),
    "finger-touching": FingerSpec(2, areas_mm2=(18.0, 6.0), touching=(True, True)),
    "finger-cut": FingerSpec(3, areas_mm2=(12.0, 3.0), touching=(True, False), cut="proximal"),
    "finger-picture": FingerSpec(4, areas_mm2=(10.0, 4.0), touching=(False, False), deposit_hu=(350, 900)),
}
_PICTURE = "finger-picture"


def build(folder: Path, seed: int, tick: Tick) -> None:
    """Three DICOM images and one 8-bit picture, and the truth beside them."""
    (folder / "truth").mkdir()
    cases, truth = [], []
    for i, (name, spec) in enumerate(_CASES.items()):
        tick(i, len(_CASES), f"drawing {name}")
        phantom = make_image(replace(spec, seed=spec.seed + 100 * seed))
        given: dict[str, float] = {}
        if name == _PICTURE:
            image = write_export(phantom, folder / f"{name}.png")
            given = {"pixel_spacing": spec.spacing_mm[0], "window": 1500.0, "level": 450.0}
        else:
            image = write_dicom(phantom, folder / f"{name}.dcm")
        write_mask(folder / "truth" / f"{name}.ome.zarr", phantom.lesions, phantom.frame)
        truth.append(phantom.table.assign(case_id=name))
        cases.append(CalcinosisCase.model_validate({"case_id": name, "image": image, **given}))
    pd.concat(truth).to_csv(folder / "truth" / "deposits.csv", index=False)
    write_manifest(cases, folder / "manifest.csv")


def section(part: Part) -> Section:
    """Every deposit beside the lesion that covers most of it."""
    truth = pd.read_csv(part.inputs / "truth" / "deposits.csv")
    rows = [row for name in _CASES for row in _matched(part, name, truth[truth["case_id"] == name])]
    table = pd.DataFrame(rows)
    missed = int(table["area_mm2"].isna().sum())
    extra = sum(_extra(part, name) for name in _CASES)
    inside = table["true_mm2"].between(table["low_mm2"], table["high_mm2"]).mean()
    error = (table["area_mm2"] - table["true_mm2"]).abs()
    pairs = Pairs("lesion area, mm2", table["true_mm2"].to_numpy(float), table["area_mm2"].to_numpy(float))
    return Section(
        "Calcinosis",
        [
            Note(
                f"{len(_CASES)} synthetic finger images with {len(table)} deposits: {missed} missed, "
                f"{extra} found that are none. Mean absolute area error {error.mean():.2f} mm2, largest "
                f"{error.max():.2f} mm2; {inside:.0%} of the true areas lie inside the stated interval."
            ),
            Table(table, "Measured against true, per deposit", {c: 2 for c in table.columns if "mm2" in c}),
            Figure(against_truth([pairs]), "Each point is a deposit; on the line measured equals true."),
            *[Figure(part.case(name) / "overlay.png", f"{name}: bones and lesions.") for name in _CASES],
        ],
    )


def _matched(part: Part, name: str, truth: pd.DataFrame) -> list[dict[str, object]]:
    true = np.asarray(read_array(part.inputs / "truth" / f"{name}.ome.zarr")[0])
    found = np.asarray(read_array(part.case(name) / "lesions.ome.zarr")[0])
    lesions = pd.read_csv(part.case(name) / "lesions.csv").set_index("label")
    rows: list[dict[str, object]] = []
    for deposit in truth.itertuples(index=False):
        under = found[true == deposit.label]
        label = int(np.bincount(under[under > 0]).argmax()) if (under > 0).any() else 0
        got = lesions.reindex([label]).iloc[0]  # NaN throughout when the deposit was missed
        rows.append(
            {
                "image": name,
                "touches bone": bool(deposit.touches_bone),
                "true_mm2": float(deposit.area_mm2),  # type: ignore[arg-type]
                "area_mm2": got["area_mm2"],
                "low_mm2": got["low"],
                "high_mm2": got["high"],
                "ellipse_mm2": got["ellipse_mm2"],
                "flags": "" if pd.isna(got["flags"]) else str(got["flags"]),
            }
        )
    return rows


def _extra(part: Part, name: str) -> int:
    """Lesions without a true deposit under them."""
    true = np.asarray(read_array(part.inputs / "truth" / f"{name}.ome.zarr")[0])
    found = np.asarray(read_array(part.case(name) / "lesions.ome.zarr")[0])
    return len(set(np.unique(found)) - set(np.unique(found[true > 0])) - {0})
