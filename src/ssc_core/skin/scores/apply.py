"""Score biopsies with a frozen model, or say why that would be another quantity."""

from __future__ import annotations

import math

import pandas as pd
from scipy.special import expit

from ssc_core.errors import InputError
from ssc_core.io.features import FeatureMeta
from ssc_core.progress import Tick, silent, track
from ssc_core.skin.scores.model import ScoreModel
from ssc_core.skin.scores.patches import PatchSet
from ssc_core.skin.scores.precision import sampling_interval

__all__ = ["check_features", "out_of_population", "score_biopsies"]

_FEWER = 0.5
"""A biopsy with less than this share of the training's patches is flagged."""


def check_features(model: ScoreModel, patches: PatchSet) -> tuple[str, ...]:
    """Refuse features that the model does not speak of; flags for what is merely unusual.

    Raises
    ------
    InputError
        If backbone, layer, weights, normalisation, patch size or field size differ from the training's, or
        the features have other names.
    """
    if patches.names != model.names:
        raise InputError(
            f"the model takes {len(model.names)} other features than these {len(patches.names)}; make them "
            f"with {'the backbone ' + model.meta.backbone if model.meta else 'the options of its training'}"
        )
    flags = list(patches.flags)
    if model.meta is None or patches.meta is None:
        flags.append("it is unknown whether these features are of the kind that the model was trained with")
        return tuple(flags)
    unlike = model.meta.unlike(patches.meta)
    if unlike:
        raise InputError(
            f"the model cannot score these features ({'; '.join(unlike)}): make them with the model's options"
        )
    return tuple(flags)


def score_biopsies(model: ScoreModel, patches: PatchSet, *, tick: Tick = silent) -> pd.DataFrame:
    """Scores of biopsies.

    Parameters
    ----------
    model : ScoreModel
        Frozen.
    patches : PatchSet
        Features of the patches.
    tick : Tick, optional
        Told after every biopsy.

    Returns
    -------
    DataFrame
        ``biopsy_id``, ``n_patches``; per score the value, ``_low`` and ``_high`` (95 %, over patches of this
        section) and ``_model_se`` (of the linear score, from the spread of the folds' models);
        ``distance`` from the training biopsies in SD; ``flags``.

    Raises
    ------
    InputError
        See :func:`check_features`.
    """
    common = check_features(model, patches)
    wanted = float(model.card.get("patches_per_biopsy", 0))
    means = patches.mean_features()
    rows = []
    for b, name in track(list(enumerate(patches.biopsies)), tick, "scoring biopsies"):
        x = patches.x[patches.biopsy == b]
        row: dict[str, object] = {"biopsy_id": name, "n_patches": len(x)}
        for title, part in (("diagnostic_score", model.diagnostic), (model.score_name, model.fibrosis)):
            if part is None:
                continue
            to = expit if title == "diagnostic_score" else float
            value, low, high = sampling_interval(part.scores(x))
            row |= {title: float(to(value)), f"{title}_low": float(to(low)), f"{title}_high": float(to(high)),
                    f"{title}_model_se": part.model_se(means[b])}  # fmt: skip
        distance = model.unusual(means[b])
        flags = list(common)
        stain = _stain_flag(model.meta, patches, name)
        if stain:
            flags.append(stain)
        if distance > model.usual:
            flags.append(
                f"its features lie {distance:.1f} SD from the training biopsies (99 % of those within "
                f"{model.usual:.1f}): another stain, scanner, site or disease?"
            )
        if len(x) < _FEWER * wanted:
            flags.append(f"{len(x)} patches, the model was trained with {wanted:g}")
        rows.append({**row, "distance": distance, "flags": "; ".join(flags)})
    return pd.DataFrame(rows)


def out_of_population(model: ScoreModel, biopsies: pd.DataFrame) -> pd.Series[str]:
    """In what each row of a cohort lies outside the people the model was trained on ("" if in nothing)."""
    training = dict(model.card.get("population", {})).get("training", {})
    said = []
    for _, row in biopsies.iterrows():
        found = []
        for name, words in (("age", "age"), ("mrss", "mRSS")):
            span, value = training.get(name), float(row.get(name, math.nan))
            known = not math.isnan(value) and row.get("status") != "control"
            if span and known and not span[0] <= value <= span[1]:
                found.append(f"{words} {value:g} outside the training's {span[0]:g}-{span[1]:g}")
        if (
            row.get("subset") == "limited"
            and training.get("diffuse") is not None
            and training["diffuse"] > 0.9
        ):
            found.append("limited disease, the training was diffuse")
        said.append("; ".join(found))
    return pd.Series(said, index=biopsies.index, dtype=str)


def _stain_flag(trained: FeatureMeta | None, patches: PatchSet, biopsy: str) -> str:
    """Whether a biopsy's colours are of another kind than the training's."""
    if trained is None or patches.meta is None or None in (trained.trichrome, patches.meta.trichrome):
        return ""
    odd = biopsy in patches.odd_stain or (not patches.odd_stain and patches.meta.trichrome is False)
    if trained.trichrome and odd:
        return "the slide does not look like a Masson's trichrome, the training slides did"
    if not trained.trichrome and not odd:
        return "the slide looks like a trichrome, the training slides did not"
    return ""
