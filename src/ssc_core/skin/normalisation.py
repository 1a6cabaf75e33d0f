"""Stain normalisation: a patch as it would look with the dyes, depth and glass of a reference.

The patch is parted into its slide's own two dyes; each is scaled from the slide's full stain to the
reference's, given the reference's colour, and put on the reference's white. What neither dye explains is kept
as it is. Off by default: Correia et al. 2020 do not normalise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ssc_core.errors import InputError
from ssc_core.skin.backbones import Backbone, Features
from ssc_core.skin.stain import COLLAGEN, CYTOPLASM, Rgb, StainModel, optical_density, unmix

__all__ = ["FULL", "NORMALISED", "WHITE", "normalised", "normalising"]

WHITE: Final = 243.0
"""Grey value of the reference's glass."""
FULL: Final = 1.0
"""Optical density of the reference's full stain, of each dye."""
NORMALISED: Final = "; stain normalised to the published Masson dyes, full stain 1.0, white 243"
"""What features of normalised patches say of their input."""


def normalised(rgb: Rgb, stain: StainModel) -> Rgb:
    """Pixels in the reference's stain.

    Parameters
    ----------
    rgb : (..., 3) uint8 array
    stain : StainModel
        Of the slide.

    Returns
    -------
    (..., 3) uint8 array
    """
    od = optical_density(rgb, stain.white)
    collagen, cytoplasm = unmix(od, stain.dyes)
    for amount, own, reference, full in (
        (collagen, stain.dyes.collagen, COLLAGEN, stain.full_collagen),
        (cytoplasm, stain.dyes.cytoplasm, CYTOPLASM, stain.full_cytoplasm),
    ):
        shift = np.asarray(reference, np.float32) * np.float32(FULL / full) - np.asarray(own, np.float32)
        od += amount[..., None] * shift
    light = (WHITE + 1) * np.power(np.float32(10), -od) - 1
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def normalising(backbone: Backbone) -> Backbone:
    """`backbone` that sees normalised patches; its features are another quantity and say so.

    Raises
    ------
    InputError
        If the backbone measures in units of the slide's own stain already.
    """
    if backbone.needs_stain:
        raise InputError(
            f"{backbone.name} is in units of the slide's own stain already; leave --normalise-stain out"
        )

    def compute(patches: Rgb, stain: StainModel | None, mpp: float) -> Features:
        assert stain is not None
        return backbone.compute(normalised(patches, stain), stain, mpp)

    said = backbone.normalisation + NORMALISED
    return replace(backbone, normalisation=said, needs_stain=True, compute=compute)
