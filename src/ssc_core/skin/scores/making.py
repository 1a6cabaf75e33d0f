"""From a cohort's manifest to a study: the features of every section, and the table of the people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.digest import file_digest
from ssc_core.io.features import FeatureMeta
from ssc_core.io.output import RECORD, claim
from ssc_core.progress import Tick, silent
from ssc_core.results import record_run
from ssc_core.skin.case import SkinCase
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.feature_study import StudyFeatures, features_of
from ssc_core.skin.normalisation import NORMALISED
from ssc_core.skin.scores.cohort_table import Cohort, read_cohort
from ssc_core.skin.scores.study import BIOPSY_TABLE, FEATURES

__all__ = ["MadeStudy", "cases_of", "make_study", "params_like"]


@dataclass(frozen=True, eq=False)
class MadeStudy:
    """How making a study ended; cases that failed are told in ``features``."""

    folder: Path
    cohort: Cohort
    features: StudyFeatures


def make_study(
    manifest: str | Path,
    folder: str | Path,
    params: FeatureParams | None = None,
    *,
    workers: int = 1,
    tick: Tick = silent,
) -> MadeStudy:
    """Compute the features of a cohort's slides; run again, only what is missing or has changed is computed.

    Parameters
    ----------
    manifest : path-like
        See :func:`~ssc_core.skin.scores.cohort_table.read_cohort`.
    folder : path-like
        The study: ``features/CASE_ID``, ``cohort.csv`` (the manifest without paths), ``failures.csv``,
        ``run.json``.
    params : FeatureParams, optional
        The defaults if None.
    workers : int
        Slides at a time.
    tick : Tick
        Progress.

    Raises
    ------
    InputError
        If the manifest has problems (all are listed) or the backbone cannot be used.
    OutputError
        If the folder holds other people's files.
    """
    params = params or FeatureParams()
    cohort = read_cohort(manifest)
    out = claim(folder)
    cases = _cases(cohort)
    how, inputs = params.model_dump(mode="json"), {"manifest": file_digest(manifest)}
    record = record_run("skin features", how, inputs, seed=params.seed, warnings=cohort.flags)
    (out / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    table = cohort.sections.drop(columns=["case_id", "slide", "roi"])
    table.to_csv(out / BIOPSY_TABLE, index=False, lineterminator="\n")
    found = features_of(cases, params, out / FEATURES, workers, tick)
    failed = pd.DataFrame(sorted(found.failures.items()), columns=["case_id", "reason"])
    failed.to_csv(out / "failures.csv", index=False, lineterminator="\n")
    return MadeStudy(out, cohort, found)


def params_like(
    meta: FeatureMeta | None, n_patches: int, *, seed: int = 0, device: str = "cpu"
) -> FeatureParams:
    """Parameters that make the features a model was trained with.

    Raises
    ------
    InputError
        If the model does not say what its features were.
    """
    if meta is None:
        raise InputError("the model does not say what its features were; score features made by its maker")
    return FeatureParams.make(
        backbone=meta.backbone, layer="" if meta.backbone == "morphometry" else meta.layer, relu=meta.relu,
        weights=meta.weights, patch_px=meta.patch_px, patch_mpp=meta.patch_mpp[0], native=meta.native,
        normalise_stain=meta.normalisation.endswith(NORMALISED), n_patches=n_patches,
        seed=seed, device=device,
    )  # fmt: skip


def cases_of(manifest: str | Path) -> list[SkinCase]:
    """The sections of a cohort's manifest as cases.

    Raises
    ------
    InputError
        If the manifest has problems (all are listed).
    """
    return _cases(read_cohort(manifest))


def _cases(cohort: Cohort) -> list[SkinCase]:
    return [_case(row) for row in cohort.sections.to_dict("records")]


def _case(row: Mapping[Any, Any]) -> SkinCase:
    names = ("case_id", "slide", "roi", "mpp", "scene")
    return SkinCase.model_validate({n: None if _empty(row.get(n)) else row.get(n) for n in names})


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, float) and value != value)
