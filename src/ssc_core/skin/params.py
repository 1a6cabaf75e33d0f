"""Parameters of the skin analysis, each declared once."""

from __future__ import annotations

from typing import Annotated

from ssc_core.params import Params, quantity

__all__ = ["SkinParams"]


class SkinParams(Params):
    """Parameters of :func:`ssc_core.skin.pipeline.analyse`.

    The default field is 227 px at 1.762 um = 0.4 mm, that is 0.16 mm2 per field (Correia et al. 2020,
    Methods); ``patch_mpp=0.176`` gives 40 um fields, 0.16 mm2 in all (their Fig. 1); ``native`` takes
    227 pixels as they were scanned. See ``docs/features.md``.
    """

    n_patches: Annotated[
        int, quantity("", "Number of fields drawn at random inside the dermis.", ge=1, le=20000)
    ] = 100
    patch_px: Annotated[int, quantity("px", "Side of a field in pixels.", ge=32, le=2048)] = 227
    patch_mpp: Annotated[
        float,
        quantity(
            "um/px", "Pixel size of the fields; 400/227 = 1.762 makes 227 pixels 0.4 mm.", ge=0.05, le=20
        ),
    ] = 400 / 227
    native: Annotated[
        bool,
        quantity(
            "",
            "Take fields at the slide's own pixel size; patch_mpp is then ignored, and fields of slides that"
            " were scanned differently differ in size.",
        ),
    ] = False
    overlap: Annotated[
        bool,
        quantity("", "Whether fields may overlap; a 4 mm punch has room for 14 to 36 that do not."),
    ] = True
    min_inside: Annotated[
        float, quantity("", "Smallest share of a field that must lie inside the dermis.", gt=0, le=1)
    ] = 0.9
    seed: Annotated[
        int, quantity("", "Study seed; the fields of a case follow from it and from the case's name.", ge=0)
    ] = 0
    overview_mpp: Annotated[
        float, quantity("um/px", "Pixel size at which tissue and dermis are looked for.", ge=4, le=16)
    ] = 8.0
    min_piece_mm2: Annotated[
        float, quantity("mm2", "Smaller pieces of tissue or dermis are left out.", ge=0, le=10)
    ] = 0.1
    min_tissue: Annotated[
        float, quantity("", "Fields with a smaller share of tissue are flagged blank.", ge=0, le=1)
    ] = 0.25
    min_sharpness: Annotated[
        float, quantity("", "Fields with less fine detail than this are flagged blurred.", ge=0, le=2)
    ] = 0.25
