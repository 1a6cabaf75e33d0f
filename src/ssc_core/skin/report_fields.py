"""The report's section on the two readings of the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.plots import skin_scores as plots
from ssc_core.plots.style import save_figure
from ssc_core.report import Figure, Note, Section, Table
from ssc_core.skin.scores.other_field import second_reading

__all__ = ["fields_section"]

_WHY = (
    'The paper gives the field of a patch in two ways: "227 x 227 pixels (~0.16 mm2)" in the Methods, and '
    '"100 image patches ... corresponding to ~0.16 mm2" under Fig. 1. Patches are then 0.4 mm or 0.04 mm '
    "wide, and show bundles or the inside of bundles."
)
_TITLES = {
    "biopsy_score": "Biopsy Score",
    "diagnostic_score": "Diagnostic Score",
    "fibrosis_score": "Fibrosis Score",
}


def fields_section(study: Path, folder: Path) -> Section:
    """Scores under both readings where the slides allowed it, or why not; figures go into `folder`."""
    found = second_reading(study)
    blocks: list[Any] = [Note(_WHY), Note(found.sentence)]
    if len(found.figures):
        one, other = (f"fields of {size:.3g} um" for size in found.field_um)
        table = found.figures.rename(columns={"this study": one, "other reading": other})
        blocks.append(Table(table, "The same figures under both readings"))
    rows = [{"score": _TITLES[score], **s.as_row()} for score, both in found.related.items() for s in both]
    for score, pairs in found.pairs.items():
        one, other = (f"{_TITLES[score]}, fields of {size:.3g} um" for size in found.field_um)
        fig = plots.scatter(
            pairs["one"].to_numpy(float), pairs["other"].to_numpy(float),
            labels=(one, other),
            said={"": found.related[score][0]},
        )  # fmt: skip
        for kind in ("png", "svg"):
            save_figure(fig, folder / f"fields_{score}.{kind}")
        caption = f"{_TITLES[score]} of each biopsy under both readings."
        if score == "biopsy_score":
            caption += (
                " The sign of a first component is arbitrary, so that a negative slope is agreement too."
            )
        blocks.append(Figure(folder / f"fields_{score}.png", caption))
    if rows:
        kept = ["score", "name", "value", "low", "high", "p", "n", "n_subjects"]
        blocks.append(Table(pd.DataFrame(rows)[kept], "Agreement of the scores of the same biopsies"))
    return Section("Both readings of the field", blocks)
