"""What a patch is: its physical size first, then the pixels it is given as."""

from __future__ import annotations

from dataclasses import dataclass

from ssc_core.errors import InputError
from ssc_core.io.slide import Slide

__all__ = ["SKIN", "Plan", "TileSpec"]

_SAME = 0.01  # scales that differ by less are taken as equal


@dataclass(frozen=True, slots=True)
class Plan:
    """How patches of one specification are read from one slide.

    Parameters
    ----------
    level : int
        Pyramid level that is read: the coarsest that is at least as fine as the patch.
    side : (float, float)
        Height and width of the field in pixels of that level; not rounded.
    factor : (float, float)
        Level-0 pixels per pixel of that level (y, x).
    size_px : int
        Height and width of the patch.
    mpp : (float, float)
        Micrometres per pixel of the patch (y, x).
    """

    level: int
    side: tuple[float, float]
    factor: tuple[float, float]
    size_px: int
    mpp: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TileSpec:
    """Size of a patch in pixels and micrometres.

    Parameters
    ----------
    size_px : int
        Height and width of the patch in pixels.
    mpp : float or None
        Micrometres per pixel of the patch; None takes the slide's level 0 as it is ("native"), which makes
        fields of different slides differ in size.

    Examples
    --------
    >>> round(TileSpec().field_um)
    400
    """

    size_px: int = 227
    mpp: float | None = 400 / 227

    def __post_init__(self) -> None:
        if self.size_px < 1:
            raise InputError("a patch needs at least one pixel")
        if self.mpp is not None and not 0 < self.mpp < float("inf"):
            raise InputError("the patch's micrometres per pixel must be a positive number")

    @property
    def field_um(self) -> float:
        """Side of the field in um; NaN where it depends on the slide."""
        return float("nan") if self.mpp is None else self.size_px * self.mpp

    def plan(self, slide: Slide) -> Plan:
        """How to read it from `slide`.

        Raises
        ------
        InputError
            If the patch would be finer than the slide: detail is never invented by enlarging.
        """
        if self.mpp is None:
            side = float(self.size_px)
            return Plan(0, (side, side), (1.0, 1.0), self.size_px, slide.mpp)
        if self.mpp < max(slide.mpp) * (1 - _SAME):
            raise InputError(
                f"patches of {self.mpp:.4g} um/px are finer than the slide ({max(slide.mpp):.4g} um/px);"
                " choose a coarser patch scale or the slide's own",
                source=slide.path,
            )
        level = 0
        for k, known in enumerate(slide.levels):
            finest = max(m * f for m, f in zip(slide.mpp, known.downsample, strict=True))
            if finest <= self.mpp * (1 + _SAME):
                level = k
        factor = slide.levels[level].downsample
        y, x = (self.field_um / (m * f) for m, f in zip(slide.mpp, factor, strict=True))
        return Plan(level, (y, x), factor, self.size_px, (self.mpp, self.mpp))


SKIN = TileSpec()
"""227 x 227 pixels that show 0.4 x 0.4 mm (1.762 um/px).

Correia et al. give "227 x 227 pixels (~0.16 mm2)"; read per patch, this is a field of 0.4 mm.
"""
