"""How much a frozen model's scores move when the stain of the same slides is changed.

Dermis and fields stay where they are; everything after them (white, dyes, features, score) is done anew on
the changed slide, so that what the pipeline makes good again counts as made good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.errors import Cancelled, EmptyError, SscError
from ssc_core.io.features import FeatureSet
from ssc_core.io.output import RECORD
from ssc_core.io.roi import read_rois
from ssc_core.io.slide import Slide, open_slide
from ssc_core.io.tables import write_table
from ssc_core.plots import skin_scores as plots
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.seeds import seed_of
from ssc_core.skin.case import SkinCase
from ssc_core.skin.drawing import Drawn, draw, places
from ssc_core.skin.feature_case import inputs_of, meta_of, opened
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.features import Backbone, extract
from ssc_core.skin.recolour import CHANGES, StainChange, recoloured
from ssc_core.skin.scores.apply import score_biopsies
from ssc_core.skin.scores.making import params_like
from ssc_core.skin.scores.model import ScoreModel
from ssc_core.skin.scores.patches import gather
from ssc_core.skin.scores.stability import compare_scores

__all__ = ["AS_IS", "StainStability", "save_stability", "stain_stability"]

AS_IS = "as it is"


@dataclass(frozen=True, eq=False)
class StainStability:
    """Scores under changes of stain.

    Parameters
    ----------
    scores : DataFrame
        One row per case and condition: ``case_id``, ``stain``, scores with their intervals, flags.
    table : DataFrame
        One row per score and condition: ``mean_change``, ``largest_change``, ``limits_low``, ``limits_high``
        (Bland-Altman), ``icc``, ``relative`` (SD of the changes over the SD of the scores), and
        ``in_intervals`` (mean size of the change over half the score's interval over patches), ``n``.
    failures : mapping of str to str
        Why cases could not be scored.
    """

    scores: pd.DataFrame
    table: pd.DataFrame
    failures: Mapping[str, str]


def stain_stability(
    cases: Sequence[SkinCase],
    model: ScoreModel,
    *,
    changes: Mapping[str, StainChange] = CHANGES,
    n_patches: int | None = None,
    tick: Tick = silent,
) -> StainStability:
    """Score slides as they are and under each change of stain.

    Parameters
    ----------
    cases : sequence of SkinCase
        Sections.
    model : ScoreModel
        Frozen.
    changes : mapping of str to StainChange, optional
        What to call each change, and the change.
    n_patches : int, optional
        Patches per slide; as in the model's training if None.
    tick : Tick
        Told after every batch of patches.

    Raises
    ------
    InputError
        If the model's features cannot be made here.
    EmptyError
        If every slide failed.
    """
    params = params_like(model.meta, n_patches or round(float(model.card.get("patches_per_biopsy", 100))))
    backbone = opened(params)
    rows: list[pd.DataFrame] = []
    failures: dict[str, str] = {}
    for k, case in enumerate(cases):
        try:
            rows.append(_one(case, params, backbone, model, changes, share(tick, k, k + 1, len(cases))))
        except Cancelled:
            raise
        except SscError as error:
            failures[case.case_id] = error.storable
    if not rows:
        name, reason = next(iter(failures.items()), ("", "there is none"))
        raise EmptyError(f"no slide could be scored, the first because: {reason}", private=[name])
    scores = pd.concat(rows, ignore_index=True)
    return StainStability(scores, _judged(scores, model), failures)


def _one(
    case: SkinCase, params: FeatureParams, backbone: Backbone, model: ScoreModel,
    changes: Mapping[str, StainChange], tick: Tick,
) -> pd.DataFrame:  # fmt: skip
    slide = open_slide(case.slide, mpp=case.mpp, scene=case.scene)
    rois = None if case.roi is None else read_rois(case.roi, offset=slide.qupath_offset)
    seed = seed_of(params.seed, case.case_id, "fields")
    found = draw(slide, params, mask=rois, seed=seed)
    total = len(changes) + 1
    tables = [_scored(case, slide, found, found, params, backbone, model, share(tick, 0, 1, total))]
    for k, change in enumerate(changes.values(), 1):
        other = recoloured(slide, found.stain, change)
        seen = draw(other, params, mask=[found.dermis], seed=seed)
        part = share(tick, k, k + 1, total)
        tables.append(_scored(case, other, found, seen, params, backbone, model, part))
    both = pd.concat(tables, ignore_index=True).rename(columns={"biopsy_id": "case_id"})
    both.insert(1, "stain", [AS_IS, *changes])
    return both


def _scored(
    case: SkinCase, slide: Slide, found: Drawn, seen: Drawn, params: FeatureParams, backbone: Backbone,
    model: ScoreModel, tick: Tick,
) -> pd.DataFrame:  # fmt: skip
    """The score of the fields of `found`, with the stain as `seen`."""
    features = extract(slide, found.fields, backbone, tick, batch=params.batch, stain=seen.stain)
    meta = meta_of(case.case_id, backbone, seen, params.native)
    one = FeatureSet(features, backbone.names, places(slide, found.fields), meta)
    return score_biopsies(model, gather([(case.case_id, 1, one)]))


def _judged(scores: pd.DataFrame, model: ScoreModel) -> pd.DataFrame:
    rows = []
    before = scores[scores["stain"] == AS_IS].rename(columns={"case_id": "biopsy_id"})
    names = [n for n in ("diagnostic_score", model.score_name) if n in scores]
    for name in names:
        half = (before[f"{name}_high"] - before[f"{name}_low"]).to_numpy(float) / 2
        for stain in scores["stain"].drop_duplicates()[1:]:
            after = scores[scores["stain"] == stain].rename(columns={"case_id": "biopsy_id"})
            moved = after[name].to_numpy(float) - before[name].to_numpy(float)
            row: dict[str, object] = {
                "score": name, "stain": stain, "n": len(moved), "mean_change": moved.mean(),
                "largest_change": moved[int(np.argmax(abs(moved)))],
                "in_intervals": float(np.mean(abs(moved) / np.where(half > 0, half, np.nan))),
            }  # fmt: skip
            if len(moved) >= 3:
                found = compare_scores(before, after, name)
                row |= {"limits_low": found.agreement.lower, "limits_high": found.agreement.upper,
                        "icc": found.reliability.value, "relative": found.relative}  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows)


def save_stability(found: StainStability, cases: Sequence[SkinCase], model: ScoreModel, folder: Path) -> None:
    """Write ``scores``, ``stability``, ``failures.csv`` where there are any, a figure and ``run.json``."""
    write_table(folder, "scores", found.scores)
    write_table(folder, "stability", found.table)
    if found.failures:
        failed = pd.DataFrame(sorted(found.failures.items()), columns=["case_id", "reason"])
        failed.to_csv(folder / "failures.csv", index=False, lineterminator="\n")
    for name in found.table["score"].unique():
        picture = plots.changes(found.scores, name, AS_IS)
        for kind in ("png", "svg"):
            save_figure(picture, folder / f"stability_{name}.{kind}")
    inputs = {f"{c.case_id} {role}": d for c in cases if c.case_id not in found.failures
              for role, d in inputs_of(c).items()}  # fmt: skip
    flags = tuple(dict.fromkeys(f for text in found.scores["flags"] for f in str(text).split("; ") if f))
    record = record_run("skin stability", {"changes": list(CHANGES)}, inputs, warnings=flags,
                        weights={"scores": model.digest})  # fmt: skip
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
