"""One slide scored with a frozen model, with everything that a viewer or a case report shows of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.io.features import FeatureSet
from ssc_core.io.roi import Roi
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, share, silent
from ssc_core.results import Measurement
from ssc_core.seeds import seed_of
from ssc_core.skin.drawing import Drawn, draw, places
from ssc_core.skin.feature_case import meta_of, opened
from ssc_core.skin.features import extract
from ssc_core.skin.scores.apply import score_biopsies
from ssc_core.skin.scores.making import params_like
from ssc_core.skin.scores.model import ScoreModel
from ssc_core.skin.scores.patches import gather
from ssc_core.skin.sheet import SIDE, thumbnail
from ssc_core.skin.stain import Rgb

__all__ = ["SlideScore", "difference", "score_slide"]

UNIT = "AU"


@dataclass(frozen=True, eq=False)
class SlideScore:
    """Scores of one slide, or of one region of it.

    Parameters
    ----------
    scores : mapping of str to Measurement
        ``fibrosis_score`` (or ``target_score``) and, if the model has it, ``diagnostic_score``, with the 95 %
        interval over the patches of this section.
    patches : DataFrame
        One row per patch: ``field`` (from 1), ``y_um``, ``x_um``, ``inside_share``, a column per score (the
        diagnostic one as log odds) and the features where they have names of their own.
    pictures : (n, 114, 114, 3) uint8 array
        The patches, small, in the same order.
    drawn : Drawn
        Dermis, overview, fields.
    score_name : str
        The main score's column.
    model : str
        Digest of the model.
    flags : tuple of str
        What must be known.
    """

    scores: Mapping[str, Measurement]
    patches: pd.DataFrame
    pictures: Rgb
    drawn: Drawn
    score_name: str
    model: str
    flags: tuple[str, ...]
    table: pd.DataFrame
    """The row that ``ssc skin score`` writes for this slide."""

    def extremes(self, count: int = 8) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Patches with the lowest and with the highest main score, each from low to high."""
        values = self.patches[self.score_name].to_numpy(float)
        order = np.argsort(values, kind="stable")
        order = order[~np.isnan(values[order])]
        count = min(count, len(order) // 2 or 1)
        return order[:count], order[-count:]


def score_slide(
    slide: Slide,
    model: ScoreModel,
    *,
    case_id: str = "case",
    mask: Sequence[Roi] | npt.ArrayLike | None = None,
    tick: Tick = silent,
) -> SlideScore:
    """Score a slide as ``ssc skin score`` does for a case of this name.

    Parameters
    ----------
    slide : Slide
        The slide.
    model : ScoreModel
        Frozen (:func:`ssc_core.skin.scores.model.load_model`).
    case_id : str
        Patches are drawn from this name.
    mask : sequence of Roi or array-like, optional
        Dermis; proposed if None.
    tick : Tick
        Progress; may raise ``Cancelled``.

    Raises
    ------
    InputError, EmptyError, GeometryError, FormatError
        If the slide, the dermis or the backbone's weights cannot be used with this model.
    """
    params = params_like(model.meta, round(float(model.card.get("patches_per_biopsy", 100))))
    backbone = opened(params)
    seed = seed_of(params.seed, case_id, "fields")
    drawn = draw(slide, params, mask=mask, seed=seed, tick=share(tick, 0.0, 0.2))
    pictures = np.full((len(drawn.fields), SIDE, SIDE, 3), 255, np.uint8)

    def seen(index: int, patch: Rgb) -> None:
        pictures[index] = thumbnail(patch)

    features = extract(
        slide,
        drawn.fields,
        backbone,
        share(tick, 0.2, 0.98),
        batch=params.batch,
        stain=drawn.stain,
        seen=seen,
    )
    meta = meta_of(case_id, backbone, drawn, params.native)
    patches = places(slide, drawn.fields)
    whole = gather([(case_id, 1, FeatureSet(features, tuple(backbone.names), patches, meta))])
    biopsy = score_biopsies(model, whole)
    row = {str(k): v for k, v in biopsy.iloc[0].items()}
    table = patches.copy()
    for name, part in ((model.score_name, model.fibrosis), ("diagnostic_score", model.diagnostic)):
        if part is not None:
            table[name] = part.scores(features)
    if len(backbone.names) <= 64:  # morphometry; a network's thousands have no names to choose from
        for i, name in enumerate(backbone.names):
            table[name] = features[:, i]
    scores = {
        name: Measurement(row[name], "" if name == "diagnostic_score" else UNIT, row[f"{name}_low"],
                          row[f"{name}_high"], "95 % interval over the patches of this section")
        for name in (model.score_name, "diagnostic_score")
        if name in row
    }  # fmt: skip
    flags = tuple(dict.fromkeys(f for f in (*drawn.flags, *str(row["flags"]).split("; ")) if f))
    tick(1.0, 1.0, "done")
    return SlideScore(scores, table, pictures, drawn, model.score_name, model.digest, flags, biopsy)


def difference(one: SlideScore, two: SlideScore) -> Measurement:
    """Main score of `two` minus that of `one`, two regions of a slide or two slides, with a 95 % interval.

    The half widths of both add in squares, because their patches are drawn independently. Like them, the
    interval speaks of these sections only.
    """
    a, b = one.scores[one.score_name], two.scores[two.score_name]
    half = math.hypot((a.high - a.low) / 2, (b.high - b.low) / 2)
    value = b.value - a.value
    return Measurement(value, UNIT, value - half, value + half, "95 % interval over the patches of both")
