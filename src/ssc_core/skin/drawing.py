"""From a slide to its fields: colours, dermis, the random draw. What every use of fields begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ssc_core.errors import EmptyError, GeometryError
from ssc_core.geometry import Box, Frame
from ssc_core.io.raster import rasterise
from ssc_core.io.roi import Roi, check_inside, outline
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, silent
from ssc_core.seeds import seed_of
from ssc_core.skin.colours import colour_sample, white_of
from ssc_core.skin.dermis import Bools, propose_dermis, tissue_mask
from ssc_core.skin.overview import read_overview
from ssc_core.skin.params import SkinParams
from ssc_core.skin.stain import Rgb, StainModel, fit_stain
from ssc_core.skin.trichrome import TrichromeCheck, check_trichrome
from ssc_core.tiles import Fields, Plan, TileSpec, read_fields, sample_fields

__all__ = ["Drawn", "boxes_um", "draw", "patch_mpp", "places"]

_FOR_STAIN = 32


@dataclass(frozen=True, eq=False)
class Drawn:
    """A slide looked at and its fields drawn.

    Parameters
    ----------
    fields : Fields
        Where the patches are.
    dermis : Roi
        Where they were drawn; level-0 pixel edge coordinates (x, y).
    mask : (y, x) bool array
        The dermis on the overview's grid.
    overview : (y, x, 3) uint8 array
        The slide at a coarse pixel size.
    frame : Frame
        Of `mask` and `overview`, um.
    stain : StainModel
        Stain of the slide.
    trichrome : TrichromeCheck
        Whether the colours fit a trichrome.
    flags : tuple of str
        What the user should know, in plain sentences.
    """

    fields: Fields
    dermis: Roi
    mask: Bools
    overview: Rgb
    frame: Frame
    stain: StainModel
    trichrome: TrichromeCheck
    flags: tuple[str, ...]


def draw(
    image: Slide,
    params: SkinParams,
    *,
    mask: Sequence[Roi] | npt.ArrayLike | None = None,
    seed: int | None = None,
    tick: Tick = silent,
) -> Drawn:
    """Look at a slide, find its dermis unless it is given, and draw the fields.

    Parameters
    ----------
    image, params, mask, seed, tick
        As in :func:`ssc_core.skin.pipeline.analyse`.

    Raises
    ------
    EmptyError, GeometryError, InputError
        As :func:`ssc_core.skin.pipeline.analyse`.
    """
    spec = TileSpec(params.patch_px, None if params.native else params.patch_mpp)
    _refuse_too_small(image, spec.plan(image))  # refuse early what cannot be read
    overview, frame = read_overview(image, params.overview_mpp, tick)
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
    fields = sample_fields(
        dermis,
        spec,
        image,
        params.n_patches,
        seed=seed_of(params.seed, "fields") if seed is None else seed,
        min_inside=params.min_inside,
        overlap=params.overlap,
    )
    stain = _stain_of_fields(image, fields, sample, stain)
    return Drawn(
        fields,
        replace(dermis, geometry=fields.region),
        _raster(dermis, frame, image, tissue),
        overview,
        frame,
        stain,
        trichrome,
        (*image.warnings, *warnings, *_colour_flags(trichrome, stain), *flags, *fields.warnings),
    )


def places(image: Slide, fields: Fields) -> pd.DataFrame:
    """Number, centre and share inside the dermis of each field, one row per field."""
    boxes = fields.boxes()
    inside = shapely.area(shapely.intersection(boxes, fields.region)) / shapely.area(boxes)
    centres = fields.centres
    um = image.frame.to_physical(centres)
    return pd.DataFrame(
        {
            "field": np.arange(1, len(fields) + 1),
            "y_um": um[:, 0],
            "x_um": um[:, 1],
            "y_px": centres[:, 0],
            "x_px": centres[:, 1],
            "inside_share": inside,
        }
    )


def boxes_um(fields: Fields) -> npt.NDArray[np.float64]:
    """Fields as (top, left, bottom, right) in um from the corner of the slide."""
    plan = fields.plan
    level_um = np.asarray(plan.mpp) * plan.size_px / np.asarray(plan.side)
    start = fields.starts * level_um
    return np.hstack([start, start + np.asarray(plan.side) * level_um])


def patch_mpp(fields: Fields) -> float:
    """Pixel size of the patches in um; of pixels that are not square, the side of a square of their area."""
    y, x = fields.plan.mpp
    return float((y * x) ** 0.5)


def _refuse_too_small(image: Slide, plan: Plan) -> None:
    """An image that cannot hold one field was cropped too close, or its fields are meant smaller."""
    height, width = (n * mpp / 1000 for n, mpp in zip(image.shape, image.mpp, strict=True))
    field = plan.size_px * max(plan.mpp) / 1000
    if min(height, width) < field:
        fitting = min(height, width) * 500 / plan.size_px  # half the image
        raise EmptyError(
            f"the image is {height:.3g} x {width:.3g} mm and cannot hold a field of {field:.3g} mm;"
            f" choose smaller fields (--patch-mpp {fitting:.2g}) or a larger image",
            source=image.path,
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


def _colour_flags(trichrome: TrichromeCheck, stain: StainModel) -> tuple[str, ...]:
    flags: tuple[str, ...] = ()
    if not trichrome.likely:
        flags += (f"{trichrome}: collagen figures mean nothing on another stain",)
    if "collagen" not in stain.dyes.estimated:
        flags += ("the colour of the collagen dye was not found: a published one was used",)
    return flags
