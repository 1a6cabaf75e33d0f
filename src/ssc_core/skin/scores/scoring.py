"""Score what a user has: a slide, a manifest, or a study whose features are there."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ssc_core.errors import CasesFailed, InputError
from ssc_core.io.features import read_features
from ssc_core.io.output import RECORD
from ssc_core.io.tables import read_table, write_table
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.skin.case import SkinCase
from ssc_core.skin.feature_case import inputs_of, run_case
from ssc_core.skin.scores.apply import out_of_population, score_biopsies
from ssc_core.skin.scores.change import changes_of
from ssc_core.skin.scores.cohort_table import read_cohort
from ssc_core.skin.scores.making import make_study, params_like
from ssc_core.skin.scores.model import ScoreModel, load_model
from ssc_core.skin.scores.patches import gather
from ssc_core.skin.scores.save import save_changes
from ssc_core.skin.scores.study import BIOPSY_TABLE, Study, open_study
from ssc_core.stats import MeasurementError

__all__ = ["Single", "opened_study", "save_scores", "score_given"]


@dataclass(frozen=True)
class Single:
    """What must be known of a single slide."""

    case_id: str = "case"
    roi: Path | None = None
    mpp: float | None = None
    scene: int | None = None


def score_given(
    given: Path, model: Path, folder: Path, single: Single, *, workers: int = 1, tick: Tick = silent
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Scores of a slide, a manifest (.csv) or a study.

    Parameters
    ----------
    given : Path
        What is scored.
    model : Path
        Folder of the model.
    folder : Path
        Existing folder of the result. The changes of patients with several visits are written here, beside
        the smallest detectable change.
    single : Single
        Of a single slide.
    workers : int
        Slides at a time.
    tick : Tick
        Progress.

    Returns
    -------
    (DataFrame, dict)
        Scores, and why cases failed.

    Raises
    ------
    InputError
        If the features would be others than the model's.
    """
    frozen = load_model(model)
    is_study = given.is_dir() and (given / BIOPSY_TABLE).is_file()
    failures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=folder) as work:
        if is_study:
            study = open_study(given, tick=share(tick, 0.0, 0.5))
        elif given.suffix.lower() == ".csv":
            study, failures = _made(given, frozen, Path(work), workers, share(tick, 0.0, 0.9))
        else:
            return _one_slide(given, frozen, Path(work), single, tick), {}
        table = score_biopsies(frozen, study.patches, tick=share(tick, 0.9, 1.0))
        outside = out_of_population(frozen, study.biopsies)
        table["flags"] = [
            "; ".join(x for x in both if x) for both in zip(table["flags"], outside, strict=True)
        ]
        people = study.biopsies[["biopsy_id", "patient_id", "visit_months"]]
        whole = people.merge(table, on="biopsy_id", how="right", validate="1:1")
        linear = frozen.fibrosis.scores(study.patches.x)
        save_changes(changes_of(whole, frozen.score_name, study.patches, linear, _known(model)), folder)
        return whole, failures


def opened_study(
    given: Path, model: ScoreModel, work: Path, *, workers: int = 1, tick: Tick = silent
) -> Study:
    """A study, or one made of a manifest in `work` with the model's features.

    Raises
    ------
    CasesFailed
        If a slide of the manifest failed: a validation must not choose its cases silently.
    """
    if given.is_dir():
        return open_study(given, tick=tick)
    study, failures = _made(given, model, work, workers, tick)
    if failures:
        name, reason = sorted(failures.items())[0]
        raise CasesFailed(
            f"{len(failures)} slides failed (first {name}: {reason}); correct or remove them", private=[name]
        )
    return study


def save_scores(table: pd.DataFrame, failures: dict[str, str], model: Path, folder: Path) -> None:
    """Write ``scores``, ``failures.csv`` where there are any, and ``run.json``."""
    frozen = load_model(model)
    write_table(folder, "scores", table, {frozen.score_name: "AU"})
    if failures:
        failed = pd.DataFrame(sorted(failures.items()), columns=["case_id", "reason"])
        failed.to_csv(folder / "failures.csv", index=False, lineterminator="\n")
    flags = tuple(dict.fromkeys(f for text in table["flags"] for f in str(text).split("; ") if f))
    record = record_run("skin score", {}, {}, warnings=flags, weights={"scores": frozen.digest})
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")


def _known(model: Path) -> tuple[MeasurementError, ...]:
    """The smallest detectable change between sections in the model's own study, where it had several."""
    path = model / "smallest_detectable_change.csv"
    if not path.is_file():
        return ()
    table = read_table(path)
    rows = table[table["name"].str.contains("section")].to_dict("records")
    return tuple(
        MeasurementError(name=f"{row['name']}, in the model's study", value=float(row["value"]),
                         low=float(row["low"]), high=float(row["high"]), n=int(row["n"]),
                         method=str(row["method"]), kind=str(row["kind"]))
        for row in rows
    )  # fmt: skip


def _made(
    manifest: Path, model: ScoreModel, work: Path, workers: int, tick: Tick
) -> tuple[Study, dict[str, str]]:
    params = params_like(model.meta, _patches(model))
    made = make_study(manifest, work / "study", params, workers=workers, tick=tick)
    failures = dict(made.features.failures)
    if failures:
        left = made.cohort.sections[~made.cohort.sections["case_id"].isin(list(failures))]
        if left.empty:
            name, reason = sorted(failures.items())[0]
            raise InputError(f"all slides failed, the first because: {reason}", private=[name])
        kept = left.drop(columns=["case_id", "slide", "roi"])
        kept.to_csv(made.folder / BIOPSY_TABLE, index=False, lineterminator="\n")
    read_cohort(made.folder / BIOPSY_TABLE, slides=False)
    return open_study(made.folder), failures


def _one_slide(slide: Path, model: ScoreModel, work: Path, single: Single, tick: Tick) -> pd.DataFrame:
    case = SkinCase(case_id=single.case_id, slide=slide, roi=single.roi, mpp=single.mpp, scene=single.scene)
    inputs_of(case)  # a missing file is told before the network is loaded
    place = work / "one"
    place.mkdir()
    run_case(case, params_like(model.meta, _patches(model)), place, share(tick, 0.0, 0.9))
    return score_biopsies(model, gather([(single.case_id, 1, read_features(place))]))


def _patches(model: ScoreModel) -> int:
    return round(float(model.card.get("patches_per_biopsy", 100)))
