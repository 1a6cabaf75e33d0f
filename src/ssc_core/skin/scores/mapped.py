"""What can be mapped over a slide: a model's scores, discovery's Image Patch Score, or one feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.io.features import ABOUT, FeatureMeta, read_features
from ssc_core.io.tables import read_table
from ssc_core.skin.feature_case import opened
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.morphometry import FEATURES
from ssc_core.skin.scores.making import params_like
from ssc_core.skin.scores.model import ScoreModel
from ssc_core.skin.scores.study import FEATURES as STUDY_FEATURES

__all__ = ["Mapped", "of_discovery", "of_feature", "of_model"]

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mapped:
    """A number per field, made of its features.

    Parameters
    ----------
    name : str
        Column it would be: "fibrosis_score", "image_patch_score", "collagen_fraction" ...
    unit : str
        "AU", "log odds", or the feature's.
    params : FeatureParams
        The features it is made of, and how fields are read.
    value : callable
        (n, features) float32 to (n,) float64; NaN where a feature is missing.
    meta : FeatureMeta or None
        What the features must be, where that is held to.
    weights : str
        Digest of the coefficients; "" where there are none.
    """

    name: str
    unit: str
    params: FeatureParams
    value: Callable[[Features], Floats]
    meta: FeatureMeta | None = None
    weights: str = ""


def of_model(model: ScoreModel, score: str = "", *, seed: int = 0, device: str = "cpu") -> Mapped:
    """A score of a frozen model.

    Parameters
    ----------
    model : ScoreModel
        Frozen.
    score : str
        "fibrosis_score" (or "target_score", if the model predicts another target; also when empty) or
        "diagnostic_score". The latter is mapped as log odds, because the Diagnostic Score is the logistic
        function of their mean and not a mean of probabilities.
    seed, device
        As in :class:`~ssc_core.skin.feature_params.FeatureParams`.

    Raises
    ------
    InputError
        If the model has no such score or does not say what its features were.
    """
    score = score or model.score_name
    parts = {model.score_name: model.fibrosis}
    if model.diagnostic is not None:
        parts["diagnostic_score"] = model.diagnostic
    if score not in parts:
        raise InputError(f"the model has no score {score!r}; it has {', '.join(parts)}")
    params = params_like(model.meta, round(float(model.card.get("patches_per_biopsy", 100))), seed=seed,
                         device=device)  # fmt: skip
    unit = "log odds" if score == "diagnostic_score" else "AU"
    return Mapped(score, unit, params, parts[score].scores, model.meta, model.digest)


def of_discovery(study: str | Path, *, seed: int = 0, device: str = "cpu") -> Mapped:
    """The Image Patch Score of a study that ``ssc skin discover`` went through.

    Raises
    ------
    InputError
        If there is no discovery or no features in `study`.
    """
    study = Path(study)
    path = study / "discovery" / "loadings.parquet"
    cases = sorted(p.parent for p in (study / STUDY_FEATURES).glob(f"*/{ABOUT}"))
    if not path.is_file() or not cases:
        raise InputError("there is no discovery here; run 'ssc skin discover' first", source=study)
    axes = read_table(path)
    first = read_features(cases[0])
    if list(first.names) != axes["feature"].tolist():
        raise InputError("the discovery was made from other features; run 'ssc skin discover' again",
                         source=study)  # fmt: skip
    slope = (axes["loading"] / axes["sd"]).to_numpy(float)
    level = float(axes["mean"].to_numpy(float) @ slope)
    params = params_like(first.meta, first.meta.asked, seed=seed, device=device)
    return Mapped("image_patch_score", "AU", params, lambda x: x @ slope - level, first.meta)


def of_feature(name: str, params: FeatureParams) -> Mapped:
    """One feature of a backbone.

    Raises
    ------
    InputError
        If the backbone has no such feature.
    """
    names = opened(params).names
    if name not in names:
        shown = ", ".join(names) if len(names) < 30 else f"{names[0]} to {names[-1]}"
        raise InputError(f"{params.backbone} has no feature {name!r}; it has {shown}")
    at = names.index(name)
    unit = FEATURES[name][0] if name in FEATURES else ""
    return Mapped(name, unit, params, lambda x: x[:, at].astype(np.float64))
