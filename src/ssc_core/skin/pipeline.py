"""The skin analysis: a slide in, dermis, fields and morphometry out. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ssc_core.errors import EmptyError, GeometryError
from ssc_core.geometry import Box, Frame
from ssc_core.io.raster import rasterise
from ssc_core.io.roi import Roi, check_inside, outline
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.seeds import seed_of
from ssc_core.skin.colours import colour_sample, white_of
from ssc_core.skin.dermis import Bools, propose_dermis, tissue_mask
from ssc_core.skin.morphometry import measure_field
from ssc_core.skin.overview import read_overview
from ssc_core.skin.params import SkinParams
from ssc_core.skin.quality import field_quality
from ssc_core.skin.results import SkinResult
from ssc_core.skin.stain import Rgb, StainModel, fit_stain
from ssc_core.skin.summary import summarise
from ssc_core.skin.trichrome import TrichromeCheck, check_trichrome
from ssc_core.tiles import Fields, TileSpec, iter_fields, read_fields, sample_fields

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
    TileSpec(params.patch_px, params.patch_mpp).plan(image)  # refuse early what cannot be read
    overview, frame = read_overview(image, params.overview_mpp, share(tick, 0.0, 0.15))
    white, flags = white_of(overview)
    tissue = tissue_mask(overview, white, frame, params.min_piece_mm2)
    given, warnings = _given(mask, image)
    where = tissue if given is None else tissue | _raster(given, frame, image, tissue)
    sample = colour_sample(image, where)
    trichrome = check_trichrome(sample, white)
    stain = fit_stain(sample, white)
    if given is None:
        proposal = propose_dermis(
            overview, frame, white, stain.dyes, trichrome=trichrome.likely, min_piece_mm2=params.min_piece_mm2
        )
        if not proposal.mask.any():
            raise EmptyError(
                "no dermis was found on the slide; draw it and give it with --roi", source=image.path
            )
        dermis = outline(proposal.mask, Box((0, 0), image.shape), classification="dermis")
        if not proposal.told_apart:
            flags += ("dermis and other tissue could not be told apart: fields are from all tissue",)
    else:
        dermis = given
    seed = seed_of(params.seed, "fields") if seed is None else seed
    fields = sample_fields(
        dermis,
        TileSpec(params.patch_px, params.patch_mpp),
        image,
        params.n_patches,
        seed=seed,
        min_inside=params.min_inside,
        overlap=params.overlap,
    )
    stain = _stain_of_fields(image, fields, sample, stain)
    patches, thumbnails = _measured(image, fields, stain, params, share(tick, 0.2, 1.0))
    flags = (*image.warnings, *warnings, *_colour_flags(trichrome, stain), *flags, *fields.warnings)
    flags += _patch_flags(patches)
    measurements = summarise(patches, fields, fields.region.area * image.mpp[0] * image.mpp[1] / 1e6)
    record = record_run("skin analyse", params.model_dump(mode="json"), {}, seed=seed, warnings=flags)
    return SkinResult(
        patches=patches,
        measurements=measurements,
        dermis=replace(dermis, geometry=fields.region),
        mask=_raster(dermis, frame, image, tissue),
        overview=overview,
        frame=frame,
        fields=fields,
        thumbnails=thumbnails,
        stain=stain,
        trichrome=trichrome,
        flags=flags,
        record=record,
    )


def _given(mask: Sequence[Roi] | npt.ArrayLike | None, image: Slide) -> tuple[Roi | None, tuple[str, ...]]:
    """The user's region as one, and what must be said about it."""
    if mask is None:
        return None, ()
    if isinstance(mask, Sequence) and all(isinstance(m, Roi) for m in mask):
        rois = [m for m in mask if isinstance(m, Roi)]
        if not rois:
            raise EmptyError("no region was given; draw one, or leave it out to have the dermis proposed")
        warnings = check_inside(rois, image)
        whole = shapely.union_all([r.geometry for r in rois])
        assert isinstance(whole, shapely.Polygon | shapely.MultiPolygon)
        return Roi(whole, classification="dermis"), warnings
    array = np.asarray(mask)
    if array.ndim != 2 or not array.any():
        raise EmptyError("the mask is empty or not two-dimensional; mark the dermis in it", source=image.path)
    height, width = image.shape
    if abs(array.shape[0] / array.shape[1] / (height / width) - 1) > 2 / min(array.shape):
        raise GeometryError(
            f"the mask of {array.shape[1]} x {array.shape[0]} pixels does not have the shape of the slide"
            f" ({width} x {height}); it must cover the whole slide",
            source=image.path,
        )
    return outline(array.astype(bool), Box((0, 0), image.shape), classification="dermis"), ()


def _raster(region: Roi, frame: Frame, image: Slide, like: Bools) -> Bools:
    return rasterise(region.geometry, frame, like.shape, base=image.frame)


def _stain_of_fields(image: Slide, fields: Fields, sample: Rgb, before: StainModel) -> StainModel:
    """Dyes from all tissue, since a dermis may lack the red one; amounts and thresholds from the fields."""
    some = replace(fields, starts=fields.starts[:_FOR_STAIN])
    pixels = read_fields(image, some)[:, ::3, ::3].reshape(-1, 3)
    try:
        own = fit_stain(pixels, before.white, dyes=before.dyes)
    except EmptyError:
        return before
    return replace(own, full_cytoplasm=fit_stain(sample, before.white, dyes=before.dyes).full_cytoplasm)


def _measured(
    image: Slide, fields: Fields, stain: StainModel, params: SkinParams, tick: Tick
) -> tuple[pd.DataFrame, Rgb]:
    """Features, quality and thumbnails of all fields, while the next are being read."""
    rows: list[dict[str, object]] = [{}] * len(fields)
    thumbnails = np.empty((min(len(fields), _THUMBNAILS), _THUMBNAIL_PX, _THUMBNAIL_PX, 3), np.uint8)
    boxes = fields.boxes()
    inside = shapely.area(shapely.intersection(boxes, fields.region)) / shapely.area(boxes)
    place = image.frame.to_physical(fields.centres)
    for done, (index, rgb) in enumerate(iter_fields(image, fields)):
        tick(done, len(fields), "measuring fields")
        figures, flags = field_quality(
            rgb, stain, min_tissue=params.min_tissue, min_sharpness=params.min_sharpness
        )
        rows[index] = {
            "field": index + 1,
            "y_um": place[index, 0],
            "x_um": place[index, 1],
            "y_px": fields.centres[index, 0],
            "x_px": fields.centres[index, 1],
            "inside_share": float(inside[index]),
            **measure_field(rgb, stain, params.patch_mpp),
            **figures,
            "flags": ";".join(flags),
        }
        if index < len(thumbnails):
            size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
            thumbnails[index] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    tick(len(fields), len(fields), "measuring fields")
    return pd.DataFrame(rows), thumbnails


def _colour_flags(trichrome: TrichromeCheck, stain: StainModel) -> tuple[str, ...]:
    flags: tuple[str, ...] = ()
    if not trichrome.likely:
        flags += (f"{trichrome}: collagen figures mean nothing on another stain",)
    if "collagen" not in stain.dyes.estimated:
        flags += ("the colour of the collagen dye was not found: a published one was used",)
    return flags


def _patch_flags(patches: pd.DataFrame) -> tuple[str, ...]:
    flagged = int((patches["flags"] != "").sum())
    if not flagged:
        return ()
    return (f"{flagged} of {len(patches)} fields are flagged (see patches.csv); none was left out",)
