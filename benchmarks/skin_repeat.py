"""How much a score depends on which patches were drawn: ICC over seeds, and whether the intervals hold.

Run: ``python benchmarks/skin_repeat.py STUDY MANIFEST [--biopsies 24] [--seeds 2]``. STUDY has features and a
model (``ssc skin features``, ``discover``, ``fit``), MANIFEST is what it was made from. Patches of the first
biopsies of the test set (and then of the training set) are drawn anew, as many as in the study, and scored
with the frozen model. The ICC is for absolute agreement of single scores (two-way random effects). How many
pairs of draws differ by less than the difference's own 95 % interval must be about 95 %.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.skin.scores.apply import score_biopsies
from ssc_core.skin.scores.making import make_study, params_like
from ssc_core.skin.scores.model import load_model
from ssc_core.skin.scores.study import open_study
from ssc_core.stats import icc


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--biopsies", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    model, opened = load_model(given.study / "model"), open_study(given.study)
    before = score_biopsies(model, opened.patches).set_index("biopsy_id")
    known = pd.read_csv(given.study / "model" / "scores.csv").sort_values("set", kind="stable")["biopsy_id"]
    chosen = list(known.head(given.biopsies))
    params = params_like(model.meta, round(len(opened.patches.x) / len(opened.patches.biopsies)))
    params = params.model_copy(update={"n_measured": 0})
    draws = [before.loc[chosen]]
    with tempfile.TemporaryDirectory() as work:
        for seed in range(1, given.seeds + 1):
            made = make_study(
                part_of(given.manifest, chosen, Path(work)),
                Path(work) / f"study-{seed}",
                params.model_copy(update={"seed": seed}),
            )
            again = score_biopsies(model, open_study(made.folder).patches).set_index("biopsy_id")
            draws.append(again.loc[chosen])
    for name in ("fibrosis_score", "diagnostic_score"):
        if name in before:
            told(name, draws)


def part_of(manifest: Path, chosen: list[str], folder: Path) -> Path:
    """A manifest of some biopsies, with the places of their files spelled out."""
    table = pd.read_csv(manifest, dtype=str)
    table = table[table["biopsy_id"].isin(chosen)]
    for column in ("slide", "roi"):
        table[column] = [str((manifest.parent / place).resolve()) for place in table[column]]
    table.to_csv(folder / "part.csv", index=False)
    return folder / "part.csv"


def told(name: str, draws: list[pd.DataFrame]) -> None:
    values = np.stack([d[name].to_numpy(float) for d in draws], axis=1)
    print(f"{name}, {values.shape[0]} biopsies, {values.shape[1]} draws: {icc(values)}")
    within, between = np.sqrt(values.var(axis=1, ddof=1).mean()), values.mean(axis=1).std(ddof=1)
    print(f"  SD over draws {within:.3g}, over biopsies {between:.3g}")
    held = []
    half = [(d[f"{name}_high"] - d[f"{name}_low"]).to_numpy(float) / 2 for d in draws]
    for i in range(len(draws)):
        for j in range(i):
            held.append(abs(values[:, i] - values[:, j]) <= np.hypot(half[i], half[j]))
    print(f"  pairs of draws within the interval of their difference: {100 * np.mean(held):.0f} %")


if __name__ == "__main__":
    main()
