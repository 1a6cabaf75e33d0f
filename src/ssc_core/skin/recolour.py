"""A slide as another laboratory might have stained it: dyes paler, deeper or of another hue, other glass.

Every tile is changed as it is read, so that whatever is measured next (white, dyes, fields, features) is
measured on the changed slide. The size of the changes is that between routine batches: depth by a quarter,
hue by 5 degrees of the dye's direction in optical density (estimated dyes of one stain lie within 15).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ssc_core.io.slide import Slide
from ssc_core.skin.stain import Rgb, StainModel, Vector, optical_density, unmix

__all__ = ["CHANGES", "StainChange", "recoloured"]


@dataclass(frozen=True)
class StainChange:
    """What is changed.

    Parameters
    ----------
    collagen, cytoplasm : float
        Factors on the amounts of the two dyes.
    turn_deg : float
        Both dyes are turned by this in the plane of red and green optical density (positive: towards red,
        a greener look).
    white : (float, float, float)
        Factors on the light that comes through.
    """

    collagen: float = 1.0
    cytoplasm: float = 1.0
    turn_deg: float = 0.0
    white: Vector = (1.0, 1.0, 1.0)


CHANGES: Final[dict[str, StainChange]] = {
    "all dyes paler (-25 %)": StainChange(0.75, 0.75),
    "all dyes deeper (+25 %)": StainChange(1.25, 1.25),
    "collagen dye paler (-25 %)": StainChange(collagen=0.75),
    "red dye paler (-25 %)": StainChange(cytoplasm=0.75),
    "hue turned (+5 degrees)": StainChange(turn_deg=5.0),
    "hue turned (-5 degrees)": StainChange(turn_deg=-5.0),
    "yellower light (blue -6 %)": StainChange(white=(1.0, 0.99, 0.94)),
}
"""What to call a change -> the change."""


def recoloured(slide: Slide, stain: StainModel, change: StainChange) -> Slide:
    """The slide with its stain changed.

    Parameters
    ----------
    slide : Slide
        The slide.
    stain : StainModel
        Its stain, as it is.
    change : StainChange
        What is changed.

    Returns
    -------
    Slide
        To be read in this process; it does not pickle with its change.
    """
    dyes = [np.asarray(v, np.float32) for v in (stain.dyes.collagen, stain.dyes.cytoplasm)]
    shifts = [
        np.float32(factor) * _turned(dye, change.turn_deg) - dye
        for dye, factor in zip(dyes, (change.collagen, change.cytoplasm), strict=True)
    ]
    white = ((np.asarray(stain.white) + 1) * np.asarray(change.white)).astype(np.float32)

    def changed(tile: Rgb) -> Rgb:
        od = optical_density(tile, stain.white)
        amounts = unmix(od, stain.dyes)
        for amount, shift in zip(amounts, shifts, strict=True):
            od += amount[..., None] * shift
        light = white * np.power(np.float32(10), -np.maximum(od, 0)) - 1
        new: Rgb = np.clip(np.rint(light), 0, 255).astype(np.uint8)
        return new

    return slide.recoloured(changed)


def _turned(dye: np.ndarray[tuple[int], np.dtype[np.float32]], degrees: float) -> np.ndarray[
    tuple[int], np.dtype[np.float32]
]:  # fmt: skip
    """`dye` turned about the blue axis, never below zero, of its old length."""
    angle = np.radians(degrees)
    red = np.cos(angle) * dye[0] + np.sin(angle) * dye[1]
    green = -np.sin(angle) * dye[0] + np.cos(angle) * dye[1]
    new = np.maximum(np.array([red, green, dye[2]], np.float32), 0)
    return np.asarray(new * (np.linalg.norm(dye) / np.linalg.norm(new)), np.float32)
