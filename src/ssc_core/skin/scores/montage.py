"""Which patches show what the Image Patch Score ranks: those nearest to chosen quantiles of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError
from ssc_core.skin.scores.discovery import Discovery
from ssc_core.skin.scores.study import Study
from ssc_core.skin.sheet import SIDE, read_patches
from ssc_core.skin.stain import Rgb

__all__ = ["QUANTILES", "montage", "nearest"]

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
COLUMNS = 8


def nearest(
    scores: npt.NDArray[np.float64], quantiles: tuple[float, ...] = QUANTILES, columns: int = COLUMNS
) -> list[npt.NDArray[np.intp]]:
    """Patches nearest to each quantile of their scores, from the lowest of them to the highest."""
    found = []
    for level in np.quantile(scores, quantiles):
        close = np.argsort(abs(scores - level), kind="stable")[:columns]
        found.append(close[np.argsort(scores[close], kind="stable")])
    return found


def montage(study: Study, found: Discovery) -> tuple[Rgb, list[str], int] | None:
    """Pictures, one row of them per quantile, a title per row, and how many there are in a row.

    None where the features were made without pictures of the patches.
    """
    patches = study.patches
    rows = nearest(found.patch_scores)
    chosen = np.concatenate(rows)
    pictures = np.full((len(chosen), SIDE, SIDE, 3), 255, np.uint8)
    try:
        for at, patch in enumerate(chosen):
            biopsy = patches.biopsies[patches.biopsy[patch]]
            place = study.places[biopsy, int(patches.section[patch])]
            pictures[at] = read_patches(place, [int(patches.number[patch])])[0]
    except FormatError:
        return None
    levels = np.quantile(found.patch_scores, QUANTILES)
    titles = [f"{100 * q:g} %\n{v:.1f} AU" for q, v in zip(QUANTILES, levels, strict=True)]
    return pictures, titles, len(rows[0])
