"""The two readings of the paper's field, side by side: 0.16 mm2 per patch, or 0.16 mm2 in all patches.

Correia et al. 2020 write "227 x 227 pixels (~0.16 mm2)" in the Methods and, in the legend of Fig. 1, that the
100 patches correspond to "~0.16 mm2". The other reading of a study is a study of its own, inside the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.features import ABOUT, read_features
from ssc_core.io.tables import read_table
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.scores.study import BIOPSY_TABLE, FEATURES
from ssc_core.stats import Statistic, pearson, spearman

__all__ = ["OTHER", "SecondReading", "other_reading", "second_reading"]

OTHER = "other-field"
"""Folder of the study under the other reading, inside the study."""

_PER_PATCH_UM, _IN_ALL_UM = 400.0, 40.0
_CLOSE = 0.02


def other_reading(params: FeatureParams) -> FeatureParams:
    """Parameters of the reading that `params` is not.

    Raises
    ------
    InputError
        If `params` is neither of the two readings.
    """
    side = params.patch_px * params.patch_mpp
    for one, other in ((_PER_PATCH_UM, _IN_ALL_UM), (_IN_ALL_UM, _PER_PATCH_UM)):
        if not params.native and abs(side / one - 1) < _CLOSE:
            return params.model_copy(update={"patch_mpp": other / params.patch_px})
    raise InputError(
        "--both-fields goes with fields of 0.4 mm or of 0.04 mm, the two readings of the paper; leave "
        "--native out and give --patch-mpp 1.762 or 0.176"
    )


@dataclass(frozen=True, eq=False)
class SecondReading:
    """What a study says under its other reading.

    Parameters
    ----------
    sentence : str
        How many biopsies could be read so, and why others could not.
    field_um : (float, float)
        Side of the fields, of the study itself and of the other reading; NaN where unknown.
    figures : DataFrame
        ``figure``, and its value under each reading.
    pairs : mapping of str to DataFrame
        Score to ``biopsy_id``, ``one``, ``other``.
    related : mapping of str to list of Statistic
        Of these pairs.
    """

    sentence: str
    field_um: tuple[float, float]
    figures: pd.DataFrame
    pairs: dict[str, pd.DataFrame]
    related: dict[str, list[Statistic]]


def second_reading(study: Path) -> SecondReading:
    """Compare the results of a study with those under the other reading, or say why there are none."""
    other = study / OTHER
    sizes = (_field(study), _field(other))
    if not (other / BIOPSY_TABLE).is_file():
        said = (
            f"The scores rest on fields of {sizes[0]:.3g} um only. 'ssc skin features ... --both-fields' "
            "computes the other reading too."
        )
        return SecondReading(said, sizes, pd.DataFrame(), {}, {})
    path = other / "failures.csv"
    if not path.is_file():
        said = "The other reading was not finished; run 'ssc skin features ... --both-fields' again."
        return SecondReading(said, sizes, pd.DataFrame(), {}, {})
    done = len(list((other / FEATURES).glob(f"*/{ABOUT}")))
    failed = pd.read_csv(path)
    said = f"{done} of {done + len(failed)} slides could be read under the other reading as well."
    if len(failed):
        usual = failed["reason"].str.replace(r"^<[^>]*>: ", "", regex=True).mode().iloc[0]
        said += f" The others could not, most of them because: {usual}."
    pairs, related = {}, {}
    for score, where, file in (
        ("biopsy_score", "discovery", "biopsies.csv"),
        ("diagnostic_score", "model", "scores.csv"),
        ("fibrosis_score", "model", "scores.csv"),
    ):
        both = _both(study / where / file, other / where / file, score)
        if both is not None and len(both) > 2:
            pairs[score] = both
            subject = both["patient_id"]
            related[score] = [way(both["one"], both["other"], subject=subject) for way in (pearson, spearman)]
    return SecondReading(said, sizes, _figures(study, other), pairs, related)


def _field(study: Path) -> float:
    for about in sorted((study / FEATURES).glob(f"*/{ABOUT}"))[:1]:
        return float(np.mean(read_features(about.parent).meta.field_um))
    return math.nan


def _both(one: Path, other: Path, score: str) -> pd.DataFrame | None:
    if not (one.is_file() and other.is_file()):
        return None
    a, b = read_table(one), read_table(other)
    if score not in a or score not in b:
        return None
    kept = a[["biopsy_id", "patient_id", score]].rename(columns={score: "one"})
    return kept.merge(b[["biopsy_id", score]].rename(columns={score: "other"}), on="biopsy_id")


def _figures(study: Path, other: Path) -> pd.DataFrame:
    """The figures that both readings have, by name."""
    tables = []
    name: Callable[[Any], str]
    for part, label in (("discovery", _discovered), ("model", _predicted)):
        files = [folder / part / "statistics.csv" for folder in (study, other)]
        if not all(f.is_file() for f in files):
            continue
        columns = []
        for file, reading in zip(files, ("this study", "other reading"), strict=True):
            found = read_table(file)
            name = label
            found["figure"] = found.apply(name, axis=1)
            columns.append(found.drop_duplicates("figure").set_index("figure")["value"].rename(reading))
        tables.append(pd.concat(columns, axis=1, join="inner").reset_index())
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _discovered(row: pd.Series[Any]) -> str:
    return f"Biopsy Score: {row['name']}"


def _predicted(row: pd.Series[Any]) -> str:
    return f"{row['score']}: {row['name']}, {str(row['where']).split(' (')[0]}"
