"""Skin in the demo: a cohort of trichrome biopsies whose collagen is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.demo.study import Part
from ssc_core.io.roi import read_rois
from ssc_core.phantoms.biopsy import cohort, write_cohort
from ssc_core.plots.truth import Pairs, against_truth
from ssc_core.progress import Tick
from ssc_core.report import Figure, Note, Section, Table

__all__ = ["build", "section"]

_PATIENTS, _CONTROLS, _BIOPSIES = 6, 2, 10
_MEASURES = {
    "collagen_fraction": "collagen fraction",
    "bundle_thickness_um": "bundle thickness, um",
}


def build(folder: Path, seed: int, tick: Tick) -> None:
    """Ten slides of six patients and two controls; the dermis is left to the software to find."""
    table = cohort(_PATIENTS, _CONTROLS, _BIOPSIES, seed=seed)
    write_cohort(folder, table, seed=seed, mpp=1.0, tick=tick)
    manifest = pd.read_csv(folder / "manifest.csv").rename(columns={"biopsy_id": "case_id"})
    manifest.drop(columns="roi").to_csv(folder / "manifest.csv", index=False)


def section(part: Part) -> Section:
    """Measured against true."""
    truth = pd.read_csv(part.inputs / "truth.csv").rename(columns={"biopsy_id": "case_id"})
    clinical = pd.read_csv(part.manifest)
    found = pd.read_csv(part.results / "results.csv")
    both = found.merge(truth, on="case_id", suffixes=("", "_true")).merge(clinical, on="case_id")
    both["dermis_overlap"] = [_overlap(part, case) for case in both["case_id"]]
    columns = {
        "case_id": "biopsy",
        "status": "status",
        "mrss": "mRSS",
        "dermis_overlap": "dermis, IoU",
        "collagen_fraction": "collagen",
        "collagen_fraction_true": "true collagen",
        "bundle_thickness_um": "bundles, um",
        "bundle_thickness_um_true": "true bundles, um",
        "covered_share": "covered share",
        "mean_overlap": "mean overlap",
    }
    table = both[list(columns)].rename(columns=columns)
    pairs = [
        Pairs(label, both[f"{name}_true"].to_numpy(float), both[name].to_numpy(float))
        for name, label in _MEASURES.items()
    ]
    error = both["collagen_fraction"] - both["collagen_fraction_true"]
    colour = np.corrcoef(both["mean_blue"], both["fibrosis"])[0, 1]
    bundles = np.corrcoef(both["bundle_thickness_um"], both["fibrosis"])[0, 1]
    last = str(both["case_id"].iloc[-1])
    return Section(
        "Skin",
        [
            Note(
                f"{len(both)} synthetic Masson's trichrome biopsies of {_PATIENTS} patients and {_CONTROLS} "
                "controls. The dermis was found by the software; 100 fields of 0.4 mm were drawn in each."
            ),
            Table(
                table,
                "Measured against true, per biopsy",
                {name: 2 for name in table.columns if table[name].dtype.kind == "f"},
            ),
            Note(
                f"Collagen fraction: mean error {error.mean():+.3f}, largest {error.abs().max():.3f} "
                "(fields lie inside the dermis and so see little of its loose upper layer, which the truth "
                "counts). "
                f"Correlation with the fibrosis that was put in: mean blue of the image {colour:+.2f}, "
                f"bundle thickness {bundles:+.2f} (n = {len(both)}: too few to say more than the sign)."
            ),
            Figure(against_truth(pairs), "Each point is a biopsy; the line is where measured equals true."),
            Figure(part.case(last) / "overview.png", f"{last}: dermis and the fields drawn in it."),
            Figure(part.case(last) / "montage.png", f"{last}: its fields."),
        ],
    )


def _overlap(part: Part, case_id: str) -> float:
    """Intersection over union of the proposed dermis with the true one."""
    true = read_rois(part.inputs / "rois" / f"{case_id}.geojson")[0].geometry
    found = read_rois(part.case(case_id) / "dermis.geojson")[0].geometry
    return float(found.intersection(true).area / found.union(true).area)
