"""Scores as files: tables, figures as SVG and PNG, the run record."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.io.output import RECORD
from ssc_core.io.tables import write_table
from ssc_core.plots import skin_scores as plots
from ssc_core.plots.style import save_figure
from ssc_core.results import record_run
from ssc_core.skin.feature_case import OVERVIEW
from ssc_core.skin.scores.associations import SEEN, what_the_score_sees
from ssc_core.skin.scores.change import ScoreChange, changes_of
from ssc_core.skin.scores.characteristics import table_two
from ssc_core.skin.scores.discovery import Discovery
from ssc_core.skin.scores.evaluate import TEST, Evaluation
from ssc_core.skin.scores.fit import Fit
from ssc_core.skin.scores.model import ScoreModel, save_model
from ssc_core.skin.scores.montage import montage
from ssc_core.skin.scores.precision import PatchCurve, how_many_patches
from ssc_core.skin.scores.study import Study

__all__ = ["save_changes", "save_discovery", "save_fit"]


def save_discovery(found: Discovery, study: Study, folder: Path) -> None:
    """Write ``biopsies``, ``patches``, ``loadings``, ``statistics``, figures 1A and 2A-C, a montage.

    Parameters
    ----------
    found : Discovery
    study : Study
        What it was found in.
    folder : Path
        Existing.
    """
    patches = study.patches
    write_table(folder, "biopsies", found.biopsies, {"biopsy_score": "AU", "biopsy_score_se": "AU"})
    each = pd.DataFrame(
        {
            "biopsy_id": np.asarray(patches.biopsies)[patches.biopsy],
            "section": patches.section,
            "patch": patches.number,
            "image_patch_score": found.patch_scores,
        }
    )
    write_table(folder, "patches", each, {"image_patch_score": "AU"})
    axes = pd.DataFrame(
        {"feature": patches.names, "loading": found.loadings, "mean": found.mean, "sd": found.sd}
    )
    write_table(folder, "loadings", axes)
    rows = [
        {"with": w, **s.as_row()} for w, s in zip(("biopsy", "mrss", "mrss"), found.statistics, strict=True)
    ]
    write_table(folder, "statistics", pd.DataFrame(rows))
    fig = plots.heat_map(patches.x, found.mean, found.sd, found.patch_scores, found.loadings, patches.names)
    _figure(folder, "fig2a", fig)
    extremes = _extremes(found)
    shown = {
        said: found.patch_scores[patches.biopsy == patches.biopsies.index(b)] for b, said in extremes.items()
    }
    _figure(folder, "fig2b", plots.histograms(shown))
    _slides(study, extremes, folder)
    pictures = montage(study, found)
    if pictures is not None:
        _figure(folder, "montage", plots.patch_montage(*pictures))
    ssc = found.biopsies[found.biopsies["status"] == "SSc"]
    half = 1.96 * ssc["biopsy_score_se"].to_numpy(float)
    score = ssc["biopsy_score"].to_numpy(float)
    related = dict(zip(("on values", "on ranks"), found.correlations, strict=True))
    fig = plots.scatter(
        ssc["mrss"].to_numpy(float), score, labels=("mRSS", "Biopsy Score (AU)"), said=related,
        interval=(score - half, score + half),
    )  # fmt: skip
    _figure(folder, "fig2c", fig)
    enough = how_many_patches(found.patch_scores, patches.biopsy)
    _curve(folder, enough)
    note = (f"first component holds {found.explained:.0%} of the variance of all features",)
    record = record_run("skin discover", {}, study.inputs, warnings=(*found.flags, *note))
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")


def save_fit(fit: Fit, evaluation: Evaluation, model: ScoreModel, study: Study, folder: Path) -> None:
    """Write the model, its scores and statistics, table 2, changes, figures 3 and 4, ``run.json``.

    Parameters
    ----------
    fit, evaluation, model
        What belongs together.
    study : Study
        What it was fitted on.
    folder : Path
        Existing; becomes the model's folder.
    """
    save_model(model, folder)
    table, name = fit.scores, fit.linear_name
    write_table(folder, "scores", table, {name: "AU"})
    write_table(folder, "statistics", evaluation.table())
    if evaluation.models:
        write_table(folder, "mixed_models", evaluation.model_table())
    write_table(folder, "table2", table_two(table))
    test_like = _linear_of_patches(fit)
    enough = how_many_patches(test_like, fit.patches.biopsy)
    _curve(folder, enough)
    save_changes(changes_of(table, name, fit.patches, test_like), folder)
    tissue = study.tissue()
    own = table.drop(columns=[c for c in tissue.columns if c != "biopsy_id" and c in table])
    whole = own.merge(tissue, on="biopsy_id")
    if any(c in whole for c in SEEN):
        write_table(folder, "sees", what_the_score_sees(whole, name, seed=fit.params.seed))
    _figures(fit, evaluation, folder)
    said = (*fit.flags, *(p.sentence for p in evaluation.power))
    how, seed = fit.params.model_dump(), fit.params.seed
    record = record_run("skin fit", how, study.inputs, seed=seed, warnings=said,
                        weights={"scores": model.digest})  # fmt: skip
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")


def _linear_of_patches(fit: Fit) -> Any:
    """Linear score of every patch: out of fold for training biopsies, averaged model for the others."""
    own = fit.scores["fold"].fillna(0).to_numpy(int)[fit.patches.biopsy] - 1
    out = np.empty(len(fit.patches))
    for k in np.unique(own):
        rows = own == k
        coef = fit.fibrosis.coef.mean(axis=0) if k < 0 else fit.fibrosis.coef[k]
        constant = fit.fibrosis.intercept.mean() if k < 0 else fit.fibrosis.intercept[k]
        out[rows] = fit.patches.x[rows] @ coef + constant
    return out


def save_changes(found: ScoreChange, folder: Path) -> None:
    """Write ``changes`` (none where no patient has two visits) and ``smallest_detectable_change``."""
    if len(found.table):
        write_table(folder, "changes", found.table)
    rows = [{**s.as_row(), "note": found.note} for s in found.sdc]
    write_table(folder, "smallest_detectable_change", pd.DataFrame(rows))


def _figures(fit: Fit, evaluation: Evaluation, folder: Path) -> None:
    table, name, target = fit.scores, fit.linear_name, fit.params.target
    title = "Fibrosis Score (AU)" if name == "fibrosis_score" else f"score for {target} (AU)"
    criteria, chosen = {}, {}
    if fit.diagnostic is not None:
        wrong = {
            where: next((f.statistic for f in evaluation.findings
                         if f.statistic.name == "misclassification" and f.where.startswith(place)), None)
            for where, place in (("training", "cross"), ("test", TEST))
        }  # fmt: skip
        known = {k: v for k, v in wrong.items() if v is not None}
        _figure(folder, "fig3a", plots.boxes(table, "diagnostic_score", wrong=known))
        _figure(folder, "fig3b", plots.rocs(evaluation.rocs))
        criteria["t of Diagnostic Scores"] = fit.diagnostic.criterion
        chosen["t of Diagnostic Scores"] = fit.diagnostic.chosen
    used = table if fit.params.controls else table[table["status"] == "SSc"]
    said = {
        f.where.split(" (")[0]: f.statistic
        for f in evaluation.findings
        if f.statistic.name == "Pearson r" and f.with_what == target
    }
    low, high = used[f"{name}_low"].to_numpy(float), used[f"{name}_high"].to_numpy(float)
    fig = plots.scatter(
        used[target].to_numpy(float), used[name].to_numpy(float), groups=list(used["set"]),
        labels=("mRSS" if target == "mrss" else target, title), said=said, interval=(low, high),
    )  # fmt: skip
    _figure(folder, "fig4a", fig)
    criterion = f"Pearson r with {'mRSS' if target == 'mrss' else target}"
    criteria[criterion], chosen[criterion] = fit.fibrosis.criterion, fit.fibrosis.chosen
    _figure(folder, "penalties", plots.lambda_path(fit.fibrosis.lambdas, criteria, chosen))


def _extremes(found: Discovery) -> dict[str, str]:
    """Biopsies with the lowest and the highest mRSS, as in figure 2B, and what to call them."""
    ssc = found.biopsies[(found.biopsies["status"] == "SSc") & found.biopsies["mrss"].notna()]
    chosen = found.biopsies if ssc.empty else ssc.sort_values(["mrss", "biopsy_id"], kind="stable")
    out = {}
    for place in dict.fromkeys((0, len(chosen) - 1)):
        row = chosen.iloc[place]
        said = "" if math.isnan(row["mrss"]) else f"mRSS {row['mrss']:g}"
        out[str(row["biopsy_id"])] = f"{row['biopsy_id']} {said}".strip()
    return out


def _slides(study: Study, chosen: Mapping[str, str], folder: Path) -> None:
    """Figure 1A: the slides of chosen biopsies with their dermis and fields, where pictures of them are."""
    for letter, biopsy in zip(("low", "high"), chosen, strict=False):
        place = next(place for (one, _), place in study.places.items() if one == biopsy)
        for kind in ("png", "svg"):
            if (place / f"{OVERVIEW}.{kind}").is_file():
                shutil.copyfile(place / f"{OVERVIEW}.{kind}", folder / f"fig1a_{letter}.{kind}")


def _curve(folder: Path, enough: PatchCurve) -> None:
    write_table(folder, "patches_needed", enough.table)
    _figure(folder, "patches_needed", plots.curve(enough.table, enough.measured, enough.needed()))


def _figure(folder: Path, name: str, fig: Any) -> None:
    for kind in ("svg", "png"):
        save_figure(fig, folder / f"{name}.{kind}")
