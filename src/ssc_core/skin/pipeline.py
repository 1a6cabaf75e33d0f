"""The skin analysis: a slide in, dermis, fields and morphometry out. No files."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.io.roi import Roi
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.skin.dermal_thickness import dermal_thickness
from ssc_core.skin.drawing import draw, patch_mpp, places
from ssc_core.skin.morphometry import measure_field
from ssc_core.skin.params import SkinParams
from ssc_core.skin.quality import field_quality
from ssc_core.skin.results import SkinResult
from ssc_core.skin.stain import Rgb, StainModel
from ssc_core.skin.summary import summarise
from ssc_core.tiles import Fields, iter_fields

__all__ = ["analyse"]

_FOR_STAIN = 32
_THUMBNAILS, _THUMBNAIL_PX = 100, 113


def analyse(
    image: Slide,
    params: SkinParams | None = None,
    *,
    mask: Sequence[Roi] | npt.ArrayLike | None = None,
    seed: int | None = None,
    tick: Tick = silent,
) -> SkinResult:
    """Measure the dermis of one trichrome biopsy.

    Parameters
    ----------
    image : Slide
        The slide.
    params : SkinParams, optional
        The defaults if None.
    mask : sequence of Roi, or (y, x) bool array, optional
        Where to sample: regions in level-0 pixel edge coordinates (x, y), or a mask that covers the whole
        slide at any resolution. Without it the dermis is proposed.
    seed : int, optional
        Effective seed of the draw. By default it follows from ``params.seed`` alone; a study gives each case
        its own, ``seed_of(params.seed, case_id, "fields")``, so that cases are drawn independently.
    tick : Tick
        Progress; may raise ``Cancelled``.

    Returns
    -------
    SkinResult

    Raises
    ------
    EmptyError
        If there is no tissue, no dermis, an empty region, or no field fits in it.
    GeometryError
        If a mask has another shape than the slide.
    InputError
        If a region lies outside of the slide, or the fields are finer than the slide.

    Notes
    -----
    Fields as in Correia et al. 2020 (Deep neural network feature extraction): 100 places drawn at random from
    the dermis, 227 x 227 pixels of 0.16 mm2.
    """
    params = params or SkinParams()
    drawn = draw(image, params, mask=mask, seed=seed, tick=share(tick, 0.0, 0.2))
    fields = drawn.fields
    patches, thumbnails = _measured(image, fields, drawn.stain, params, share(tick, 0.2, 1.0))
    flags = (*drawn.flags, *_patch_flags(patches))
    thickness = dermal_thickness(drawn.mask, drawn.overview, drawn.frame, drawn.stain)
    area = fields.region.area * image.mpp[0] * image.mpp[1] / 1e6
    measurements = {**summarise(patches, fields, area), "dermal_thickness_mm": thickness}
    record = record_run("skin analyse", params.model_dump(mode="json"), {}, seed=fields.seed, warnings=flags)
    return SkinResult(
        patches=patches,
        measurements=measurements,
        dermis=drawn.dermis,
        mask=drawn.mask,
        overview=drawn.overview,
        frame=drawn.frame,
        fields=fields,
        thumbnails=thumbnails,
        stain=drawn.stain,
        trichrome=drawn.trichrome,
        flags=flags,
        record=record,
    )


def _measured(
    image: Slide, fields: Fields, stain: StainModel, params: SkinParams, tick: Tick
) -> tuple[pd.DataFrame, Rgb]:
    """Features, quality and thumbnails of all fields, while the next are being read."""
    rows: list[dict[str, object]] = [{}] * len(fields)
    thumbnails = np.empty((min(len(fields), _THUMBNAILS), _THUMBNAIL_PX, _THUMBNAIL_PX, 3), np.uint8)
    where: list[dict[str, object]] = places(image, fields).to_dict("records")  # type: ignore[assignment]
    mpp = patch_mpp(fields)
    for done, (index, rgb) in enumerate(iter_fields(image, fields)):
        tick(done, len(fields), "measuring fields")
        figures, flags = field_quality(
            rgb, stain, min_tissue=params.min_tissue, min_sharpness=params.min_sharpness
        )
        rows[index] = {
            **where[index],
            **measure_field(rgb, stain, mpp),
            **figures,
            "flags": ";".join(flags),
        }
        if index < len(thumbnails):
            size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
            thumbnails[index] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    tick(len(fields), len(fields), "measuring fields")
    return pd.DataFrame(rows), thumbnails


def _patch_flags(patches: pd.DataFrame) -> tuple[str, ...]:
    flagged = int((patches["flags"] != "").sum())
    if not flagged:
        return ()
    return (f"{flagged} of {len(patches)} fields are flagged (see patches.csv); none was left out",)
