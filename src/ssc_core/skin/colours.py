"""What the slide's colours are, before anything is measured: white, dyes, trichrome or not."""

from __future__ import annotations

import numpy as np

from ssc_core.errors import EmptyError
from ssc_core.geometry import Box
from ssc_core.io.roi import outline
from ssc_core.io.slide import Slide
from ssc_core.seeds import seed_of
from ssc_core.skin.dermis import Bools
from ssc_core.skin.overview import read_overview
from ssc_core.skin.stain import Rgb, Vector, white_point
from ssc_core.skin.trichrome import TRICHROME_MPP
from ssc_core.tiles import TileSpec, read_fields, sample_fields

__all__ = ["ASSUMED_WHITE", "colour_sample", "white_of"]

ASSUMED_WHITE: Vector = (245.0, 245.0, 245.0)
"""Taken for glass where an image shows none; the result says so."""

_SIDE_PX, _FIELDS = 64, 64


def white_of(overview: Rgb) -> tuple[Vector, tuple[str, ...]]:
    """White of the slide, and a flag when it had to be assumed."""
    found = white_point(overview)
    if found is not None:
        return found, ()
    return ASSUMED_WHITE, (
        "no empty glass is in the image: white was assumed to be 245, amounts of dye may be off",
    )


def colour_sample(slide: Slide, tissue: Bools) -> Rgb:
    """Pixels of the tissue at 1.76 um, or at the slide's own pixel size where that is coarser.

    Parameters
    ----------
    slide : Slide
        The slide.
    tissue : (y, x) bool array
        Tissue on the whole slide, at any resolution.

    Returns
    -------
    (k, w, 3) uint8 array
        64 small fields at most, below one another; their places depend on nothing but the slide.

    Raises
    ------
    EmptyError
        When there is no tissue.
    """
    if not tissue.any():
        raise EmptyError(
            "no tissue was found on the slide; draw the region and give it with --roi, or let smaller pieces"
            " count with --min-piece-mm2",
            source=slide.path,
        )
    mpp = max(TRICHROME_MPP, *slide.mpp)
    region = outline(tissue, Box((0, 0), slide.shape))
    try:
        fields = sample_fields(
            region, TileSpec(_SIDE_PX, mpp), slide, _FIELDS, seed=seed_of("colours"), min_inside=0.5
        )
    except EmptyError:  # a slide smaller than one such field is looked at as a whole
        return read_overview(slide, mpp)[0]
    return np.concatenate(list(read_fields(slide, fields)))
