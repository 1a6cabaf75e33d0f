"""The skin study as one HTML page: figures and tables of Correia et al. 2020, from results only."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD
from ssc_core.io.tables import read_table, write_table
from ssc_core.plots import skin_scores as plots
from ssc_core.plots.style import save_figure
from ssc_core.report import Figure, Note, Page, Section, Table
from ssc_core.results import RunRecord, record_run
from ssc_core.skin.report_fields import fields_section
from ssc_core.skin.report_tables import readable
from ssc_core.skin.scores.expression import Expression, four_s, gene_correlations
from ssc_core.stats import pearson, spearman

__all__ = ["DISCOVERY", "MODEL", "Genes", "write_report"]

DISCOVERY, MODEL = "discovery", "model"
"""Folders of a study that the report looks for."""

_TERMS = (
    ("Image Patch Score", "first principal component", "sums up what varies most among patches"),
    ("Biopsy Score", "mean of a biopsy's Image Patch Scores", "discovery: one number per biopsy"),
    ("Diagnostic Score", "logistic regression", "probability that a biopsy is from a patient with SSc"),
    ("Fibrosis Score", "linear regression", "features that go with mRSS; arbitrary units, never clipped"),
)  # Table 1 of the paper
_CAPTIONS = {
    "fig1a_low": "Fig. 1A. Slide of the biopsy with the lowest mRSS, its dermis and the patches drawn.",
    "fig1a_high": "Fig. 1A. Slide of the biopsy with the highest mRSS.",
    "fig2a": "Fig. 2A. Features of all patches; rows and columns sorted by the first component.",
    "fig2b": "Fig. 2B. Image Patch Scores of the biopsies with the lowest and the highest mRSS.",
    "fig2c": "Fig. 2C. Biopsy Score and mRSS; bars: 95 % interval over patches.",
    "montage": "Patches nearest to quantiles of the Image Patch Score (share of patches below; score).",
    "fig3a": "Fig. 3A. Diagnostic Scores; dashed: 0.5.",
    "fig3b": "Fig. 3B. ROC curves.",
    "fig4a": "Fig. 4A. Fibrosis Score and mRSS; bars: 95 % interval over patches.",
    "fig4b": "Fig. 4B. Fibrosis Score and 4S.",
    "suppfig1": "Supp. Fig. 1. Fibrosis Score and single genes.",
    "penalties": "How the penalty was chosen (dotted).",
    "patches_needed": "How many patches are enough: reliability, and half the width of a score's interval.",
}

_ALL_FIGURES = (
    "Every figure with its interval. The penalty was chosen on the scores of the cross-validation, so those "
    "figures are optimistic; the nested ones are not."
)
_ROWS = (
    "n counts biopsies. Intervals and p take biopsies as independent; where patients have several, read the "
    "rows in which patients were resampled."
)
_SEES = (
    "What the score sees: Spearman's rho with what was measured on the same biopsies; interval by resampling "
    "patients"
)
_SDC = "Smallest detectable change of one patient, by each source of error that the study can measure"
_CHANGES = "Change of patients from visit to visit, largest first (all are in changes.csv)"
_MOST_CHANGES = 40


@dataclass(frozen=True, eq=False)
class Genes:
    """Gene expression to set beside the scores.

    Parameters
    ----------
    expression : Expression
    up, down : sequence of str
        Genes of 4S; empty for none.
    single : sequence of str
        Genes to look at one by one.
    """

    expression: Expression
    up: Sequence[str] = ()
    down: Sequence[str] = ()
    single: Sequence[str] = ()


def write_report(
    study: str | Path, folder: Path, *, model: str | Path | None = None, genes: Genes | None = None
) -> Page:
    """Gather the results of a study into ``index.html`` with its figures as SVG and PNG and its tables.

    Parameters
    ----------
    study : path-like
        Folder with ``discovery`` and, unless `model` is given, ``model``.
    folder : Path
        Existing folder for the report.
    model : path-like, optional
        What ``ssc skin fit`` wrote.
    genes : Genes, optional
        For figure 4B and Supplementary Figure 1.

    Raises
    ------
    InputError
        If there is neither a discovery nor a model.
    """
    study = Path(study)
    places = {DISCOVERY: study / DISCOVERY, MODEL: Path(model or study / MODEL)}
    found = {name: path for name, path in places.items() if (path / RECORD).is_file()}
    if not found:
        raise InputError(
            "there is nothing to report; run 'ssc skin discover' or 'ssc skin fit' first", source=study
        )
    sections = [
        Section("Terms", [Table(pd.DataFrame(_TERMS, columns=["term", "made by", "purpose"]), "Table 1")])
    ]
    records = {}
    if DISCOVERY in found:
        records["discovery"] = _record(found[DISCOVERY])
        sections.append(_discovery(found[DISCOVERY], folder))
    if MODEL in found:
        records["model"] = _record(found[MODEL])
        sections += _model(found[MODEL], folder)
        if genes is not None:
            sections.append(_genes(found[MODEL], genes, folder))
    sections.append(fields_section(study, folder))
    lead = (
        "Scores of trichrome skin biopsies after Correia et al. 2020. Scores are in arbitrary units of this "
        "study; they are not mRSS and not comparable between laboratories without validation."
    )
    page = Page("Skin scores", lead, sections, records)
    page.write(folder / "index.html")
    record = record_run("skin report", {}, {})
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    return page


def _discovery(source: Path, folder: Path) -> Section:
    return Section("Discovery", [
        *_warnings(source),
        *_figures(source, folder, ("fig1a_low", "fig1a_high", "fig2a", "fig2b", "fig2c", "montage")),
        _statistics(source, "Variance between biopsies, and correlation with mRSS within patients"),
        *_figures(source, folder, ("patches_needed",), "discovery_"),
    ])  # fmt: skip


def _model(source: Path, folder: Path) -> list[Section]:
    card = json.loads((source / "card.json").read_text(encoding="utf-8"))["card"]
    people: list[Any] = [
        Table(read_table(source / "table2.csv"), "Table 2. Characteristics at the first biopsy"),
        Note(_population(card)),
    ]
    prediction: list[Any] = [
        *_warnings(source),
        *_figures(source, folder, ("fig3a", "fig3b", "fig4a", "penalties")),
        _statistics(source, _ALL_FIGURES),
        Note(_ROWS),
    ]
    if (source / "mixed_models.csv").is_file():
        mixed = readable(read_table(source / "mixed_models.csv"))
        prediction.append(Table(mixed, "Supp. Table 1. mRSS on the score, intercept per patient, test set"))
    beyond: list[Any] = [*_figures(source, folder, ("patches_needed",))]
    if (source / "sees.csv").is_file():
        seen = readable(read_table(source / "sees.csv"))
        beyond.append(Table(seen, _SEES))
    beyond.append(Table(readable(read_table(source / "smallest_detectable_change.csv")), _SDC))
    if (source / "changes.csv").is_file():
        beyond.append(Table(_changes(read_table(source / "changes.csv")), _CHANGES))
    else:
        beyond.append(Note("No patient has two visits: there is no change to tell."))
    return [Section("People", people), Section("Prediction", prediction), Section("Beyond the paper", beyond)]


def _floats(values: Any) -> Any:
    return np.asarray(values, np.float64)


def _genes(source: Path, genes: Genes, folder: Path) -> Section:
    scores = read_table(source / "scores.csv")
    name = "fibrosis_score" if "fibrosis_score" in scores else "target_score"
    rows: list[dict[str, Any]] = []
    blocks: list[Any] = [Note(f"Expression: {genes.expression.note}.")] if genes.expression.note else []
    if genes.up or genes.down:
        signature, said = four_s(genes.expression, genes.up, genes.down)
        level = scores["biopsy_id"].map(signature)
        both = [way(scores[name], level, subject=scores["patient_id"]) for way in (pearson, spearman)]
        rows += [{"with": "4S", **s.as_row()} for s in both]
        blocks.append(Note(f"4S: {said}."))
        fig = plots.scatter(_floats(level), _floats(scores[name]), groups=list(scores["set"]),
                            labels=("4S (SD)", "Fibrosis Score (AU)"), said={"": both[0]})  # fmt: skip
        _save(fig, folder / "fig4b")
        blocks.append(Figure(folder / "fig4b.png", _CAPTIONS["fig4b"]))
    drawn = 0
    for title, one, two in gene_correlations(scores, name, genes.expression, genes.single):
        rows += [{"with": title, **s.as_row()} for s in (one, two)]
        probe = title.partition(" ")[2]
        if math.isnan(one.value) or probe not in genes.expression.values.index:
            continue
        level = scores["biopsy_id"].map(genes.expression.of_probe(probe))
        labels = (f"{title} (intensity)", "Fibrosis Score (AU)")
        fig = plots.scatter(
            _floats(level), _floats(scores[name]), labels=labels, groups=list(scores["set"]), said={"": one}
        )
        drawn += 1
        file = folder / f"suppfig1_{drawn}"
        _save(fig, file)
        blocks.append(Figure(file.with_suffix(".png"), f"{_CAPTIONS['suppfig1']} {title}"))
    table = pd.DataFrame(rows)
    write_table(folder, "genes", table)
    blocks.append(
        Table(readable(table), "Out-of-fold scores of training biopsies and scores of test biopsies")
    )
    return Section("Gene expression", blocks)


def _statistics(source: Path, caption: str) -> Table:
    return Table(readable(read_table(source / "statistics.csv")), caption)


def _changes(table: pd.DataFrame) -> pd.DataFrame:
    """Changes of patients, the largest first."""
    words = {"patient_id": "patient", "from_months": "from, months", "to_months": "to, months",
             "change": "change, AU", "since_baseline": "since the first visit, AU",
             "exceeds": "more than the smallest detectable"}  # fmt: skip
    ordered = table.reindex(table["change"].abs().sort_values(ascending=False, kind="stable").index)
    return ordered.head(_MOST_CHANGES)[list(words)].rename(columns=words)


def _figures(source: Path, folder: Path, names: Sequence[str], prefix: str = "") -> list[Figure]:
    out = []
    for name in names:
        for kind in ("svg", "png"):
            if (source / f"{name}.{kind}").is_file():
                shutil.copyfile(source / f"{name}.{kind}", folder / f"{prefix}{name}.{kind}")
        if (source / f"{name}.png").is_file():
            out.append(Figure(source / f"{name}.png", _CAPTIONS[name]))
    return out


def _warnings(source: Path) -> list[Note]:
    return [Note(text, kind="warning") for text in _record(source).warnings]


def _record(source: Path) -> RunRecord:
    stored = json.loads((source / RECORD).read_text(encoding="utf-8"))
    return RunRecord(**{**stored, "warnings": tuple(stored["warnings"])})


def _population(card: dict[str, Any]) -> str:
    parts = []
    for name, who in sorted(card["population"].items(), reverse=True):
        span = "unknown" if who["mrss"] is None else f"{who['mrss'][0]:g}-{who['mrss'][1]:g}"
        people = f"{who['patients']} patients and {who['controls']} controls"
        parts.append(f"{name}: {people}, {who['biopsies']} biopsies, mRSS {span}")
    return (
        "; ".join(parts)
        + ". Scores of other people (limited or late disease, other sites) are an extrapolation."
    )


def _save(fig: Any, stem: Path) -> None:
    for kind in ("svg", "png"):
        save_figure(fig, stem.with_name(f"{stem.name}.{kind}"))
