"""Lung in the demo: two chest CTs, one healthy and one with disease, whose lungs and levels are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.cohort import write_manifest
from ssc_core.demo.study import Part
from ssc_core.io.store import read_array
from ssc_core.io.volume import open_volume
from ssc_core.lung.case import LungCase
from ssc_core.phantoms.chest import Chest, Disease, write_dicom_series, write_nifti
from ssc_core.progress import Tick, share
from ssc_core.report import Figure, Note, Section, Table

__all__ = ["build", "section"]

_CASES: dict[str, Disease | None] = {
    "chest-healthy": None,
    "chest-disease": Disease(ground_glass=0.12, reticulation=0.08, dense=0.03),
}
_SPACING_MM = (3.0, 0.9, 0.9)


def build(folder: Path, seed: int, tick: Tick) -> None:
    """Two DICOM series, and the truth beside them."""
    (folder / "truth").mkdir()
    cases, levels = [], []
    for i, (name, disease) in enumerate(_CASES.items()):
        part = share(tick, i / len(_CASES), (i + 1) / len(_CASES))
        phantom = Chest(seed + i, disease).render(_SPACING_MM, tick=part)
        write_dicom_series(folder / name, phantom)
        write_nifti(folder / "truth" / f"{name}.nii.gz", phantom, "lungs")
        levels += [{"case_id": name, "level": n, "true_mm": z} for n, z in phantom.levels_mm.items()]
        cases.append(LungCase(case_id=name, ct=folder / name))
    pd.DataFrame(levels).to_csv(folder / "truth" / "levels.csv", index=False)
    write_manifest(cases, folder / "manifest.csv")


def section(part: Part) -> Section:
    """Levels and lungs against the truth."""
    truth = pd.read_csv(part.inputs / "truth" / "levels.csv")
    found = pd.concat(
        pd.read_csv(part.case(name) / "levels.csv").assign(case_id=name)
        for name in _CASES
        if part.case(name).is_dir()
    )
    both = found.merge(truth, on=["case_id", "level"])
    both["error_mm"] = both["z_mm"] - both["true_mm"]
    density = [c for c in both.columns if c.endswith("_percent")]
    columns = [
        "case_id",
        "level",
        "name",
        "method",
        "z_mm",
        "true_mm",
        "error_mm",
        "uncertainty_mm",
        "lung_mm2",
    ]
    table = both[[*columns, *density]].rename(columns=lambda c: c.replace("_", " "))
    dice = pd.DataFrame([{"case": name, **_dice(part, name)} for name in _CASES])
    absolute = both["error_mm"].abs()
    inside = (absolute <= both["uncertainty_mm"]).mean()
    return Section(
        "Lung",
        [
            Note(
                f"Two synthetic chest CTs at {_SPACING_MM[0]:g} mm, read from DICOM series. Levels: mean "
                f"absolute error {absolute.mean():.1f} mm, largest {absolute.max():.1f} mm; {inside:.0%} lie "
                "inside the uncertainty that is stated with them."
            ),
            Table(
                dice,
                "Lung mask against the true lungs (Dice coefficient)",
                {"right": 3, "left": 3, "both": 3},
            ),
            Table(
                table,
                "The five Goh levels, and how much of each level's lung lies above fixed densities: "
                "a densitometric stand-in, not a Goh score",
                {c: 1 for c in table.columns if table[c].dtype.kind == "f"},
            ),
            *[
                Figure(part.case(name) / picture, f"{name}: {what}")
                for name in _CASES
                for picture, what in (
                    ("levels.png", "the five levels."),
                    ("overview.png", "where they lie."),
                )
            ],
        ],
    )


def _dice(part: Part, name: str) -> dict[str, float]:
    true = np.asarray(open_volume(part.inputs / "truth" / f"{name}.nii.gz").hu)
    found = np.asarray(read_array(part.case(name) / "lungs.ome.zarr")[0])

    def dice(a: np.ndarray, b: np.ndarray) -> float:
        return float(2 * (a & b).sum() / (a.sum() + b.sum()))

    sides = {"right": (1,), "left": (2,), "both": (1, 2)}
    return {side: dice(np.isin(true, labels), np.isin(found, labels)) for side, labels in sides.items()}
