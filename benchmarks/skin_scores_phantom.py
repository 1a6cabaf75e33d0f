"""The scores' proof: a phantom cohort of the paper's shape, and the same with permuted labels.

Run: ``python benchmarks/skin_scores_phantom.py FOLDER [--patients 60] [--controls 16] [--patches 50]
[--backbone morphometry] [--permutations 40] [--fit-patches N]``. Slides, features and results stay in
FOLDER; run again, finished parts are kept. Fibrosis drives the texture of the phantoms and, with noise, their
mRSS: the scores must find it. With the status of patients (and the mRSS of biopsies) permuted, the AUC of the
test set and of the nested cross-validation must fall to 0.50 within its error: a leak would show.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.phantoms.biopsy import cohort, write_cohort
from ssc_core.seeds import seed_of
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.scores.evaluate import evaluate
from ssc_core.skin.scores.fit import Fit, fit_scores
from ssc_core.skin.scores.making import make_study
from ssc_core.skin.scores.params import FitParams
from ssc_core.skin.scores.patches import PatchSet
from ssc_core.skin.scores.study import open_study
from ssc_core.stats import pearson
from ssc_core.stats.discrimination import auc_value
from ssc_core.stats.result import Statistic


def permuted(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Status shuffled over people, mRSS over biopsies."""
    rng = np.random.default_rng(seed_of(seed, "permutation"))
    people = table.drop_duplicates("patient_id")[["patient_id", "status"]]
    new = dict(zip(people["patient_id"], rng.permutation(people["status"].to_numpy()), strict=True))
    mrss = rng.permutation(table["mrss"].to_numpy())
    return table.assign(status=table["patient_id"].map(new), mrss=mrss, shuffled=mrss)


def figures(fit: Fit) -> dict[str, float]:
    training, test = (fit.scores[fit.scores["set"] == s] for s in ("training", "test"))
    out = {}
    for name, part, column in (
        ("cross-validation", training, ""),
        ("nested", training, "nested_"),
        ("test", test, ""),
    ):
        is_ssc = (part["status"] == "SSc").to_numpy(float)
        out[f"AUC {name}"] = auc_value(is_ssc, part[f"{column}diagnostic_score"].to_numpy())
        known = part["mrss"].notna()
        score = part[f"{column}{fit.linear_name}"]
        out[f"r {name}"] = pearson(score[known], part[fit.params.target][known]).value
    return out


def permute(patches: PatchSet, table: pd.DataFrame, n: int) -> None:
    rows = []
    for seed in range(n):
        # controls keep their shuffled mRSS: it must not follow the status
        rows.append(
            figures(fit_scores(patches, permuted(table, seed), FitParams(seed=seed, target="shuffled")))
        )
        print(
            f"permutation {seed + 1}: " + ", ".join(f"{k} {v:.2f}" for k, v in rows[-1].items()), flush=True
        )
    found = pd.DataFrame(rows)
    for name in found:
        mean, se = found[name].mean(), found[name].std(ddof=1) / math.sqrt(n)
        print(f"permuted labels, {name}: mean {mean:.3f}, standard error {se:.3f}")


def first(patches: PatchSet, n: int | None) -> PatchSet:
    """The first `n` patches drawn of each biopsy; all if None."""
    keep = patches.number <= (n or patches.number.max())
    parts = {k: getattr(patches, k)[keep] for k in ("x", "biopsy", "section", "number")}
    return replace(patches, **parts)


def said(name: str, statistic: Statistic) -> None:
    print(f"{name}: {statistic}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--controls", type=int, default=16)
    parser.add_argument("--patches", type=int, default=50)
    parser.add_argument("--backbone", default="morphometry")
    parser.add_argument("--permutations", type=int, default=40)
    parser.add_argument(
        "--fit-patches", type=int, help="patches of each biopsy that fits use; all by default"
    )
    given = parser.parse_args()
    truth = cohort(given.patients, given.controls)
    if not (given.folder / "manifest.csv").is_file():
        write_cohort(given.folder, truth)
    study = given.folder / f"study-{given.backbone.replace(':', '-')}"
    params = FeatureParams(n_patches=given.patches, backbone=given.backbone, n_measured=0)
    make_study(given.folder / "manifest.csv", study, params)
    opened = open_study(study)
    print(opened, flush=True)
    patches = first(opened.patches, given.fit_patches)
    fit = fit_scores(patches, opened.biopsies)
    judged = evaluate(fit)
    for f in judged.findings:
        said(f"{f.score}, {f.where}, {f.with_what}", f.statistic)
    known = fit.scores["biopsy_id"].map(truth.set_index("biopsy_id")["fibrosis"])
    test = fit.scores["set"] == "test"
    said(
        "Fibrosis Score and the true knob, test set", pearson(fit.scores["fibrosis_score"][test], known[test])
    )
    if given.permutations > 1:
        permute(patches, opened.biopsies, given.permutations)


if __name__ == "__main__":
    main()
