"""A frozen model on patients it has never seen, per site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.progress import Tick, silent
from ssc_core.skin.scores.apply import out_of_population, score_biopsies
from ssc_core.skin.scores.model import ScoreModel
from ssc_core.skin.scores.patches import PatchSet
from ssc_core.skin.scores.power import power_of_auc, power_of_correlation
from ssc_core.stats import Statistic, least_squares, misclassification, pearson, roc, spearman

__all__ = ["Validation", "validate_model"]

ALL = "all sites"


@dataclass(frozen=True, eq=False)
class Validation:
    """How a frozen model did.

    Parameters
    ----------
    scores : DataFrame
        One row per biopsy: the cohort's columns, scores, flags.
    table : DataFrame
        One row per site and statistic, all sites together first.
    flags : tuple of str
        What must be known, as power.
    """

    scores: pd.DataFrame
    table: pd.DataFrame
    flags: tuple[str, ...]


def validate_model(
    model: ScoreModel, patches: PatchSet, biopsies: pd.DataFrame, *, tick: Tick = silent
) -> Validation:
    """Score a cohort and judge the scores per site.

    Parameters
    ----------
    model : ScoreModel
        Frozen; nothing is fitted or recalibrated.
    patches : PatchSet
        Features.
    biopsies : DataFrame
        One row per biopsy, see :func:`~ssc_core.skin.scores.cohort_table.read_cohort`.
    tick : Tick, optional
        Progress.

    Raises
    ------
    InputError
        If the features are not the model's kind, a biopsy has none, or the target column is absent.
    """
    target = str(model.card.get("target", "mrss"))
    if target not in biopsies:
        raise InputError(f"the cohort has no column {target}, which the model predicts")
    scored = score_biopsies(model, patches.of(biopsies["biopsy_id"]), tick=tick)
    table = biopsies.reset_index(drop=True).merge(scored, on="biopsy_id", how="left", validate="1:1")
    outside = out_of_population(model, table)
    table["flags"] = [
        "; ".join(part for part in both if part) for both in zip(table["flags"], outside, strict=True)
    ]
    sites = table["site"].fillna("unknown").replace("", "unknown") if "site" in table else None
    rows = _judged(table, model, target, ALL)
    if sites is not None and sites.nunique() > 1:
        for site in sorted(sites.unique()):
            rows += _judged(table[(sites == site).to_numpy()], model, target, str(site))
    people = table.drop_duplicates("patient_id")["status"]
    flags = [power_of_correlation(len(people)).sentence]
    if model.diagnostic is not None:
        flags.append(power_of_auc(int((people == "SSc").sum()), int((people == "control").sum())).sentence)
    odd = int((table["flags"] != "").sum())
    if odd:
        flags.append(f"{odd} of {len(table)} biopsies carry a flag")
    return Validation(table, pd.DataFrame(rows), tuple(flags))


def _judged(part: pd.DataFrame, model: ScoreModel, target: str, site: str) -> list[dict[str, object]]:
    people, name = part["patient_id"], model.score_name
    found: list[tuple[str, Statistic]] = []
    if model.diagnostic is not None:
        is_ssc = (part["status"] == "SSc").astype(float)
        found.append(("diagnostic_score", roc(is_ssc, part["diagnostic_score"], subject=people)))
        found.append(
            ("diagnostic_score", misclassification(is_ssc, part["diagnostic_score"], subject=people))
        )
    uses_controls = bool(dict(model.card.get("parameters", {})).get("controls", True))
    used = part if uses_controls else part[part["status"] == "SSc"]
    for way in (pearson, spearman):
        found.append((name, way(used[name], used[target], subject=used["patient_id"])))
    if np.ptp(used[name].to_numpy(float)) > 0:
        found.append((name, least_squares(used[target], used[name], subject=used["patient_id"])))
    partner = {"diagnostic_score": "status", name: target}
    return [{"site": site, "score": score, "with": partner[score], **s.as_row()} for score, s in found]
