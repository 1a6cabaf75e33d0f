"""Parameters of data synthesis, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from ssc_core.params import Params, quantity

__all__ = ["StudyParams", "SynthesisParams"]


class SynthesisParams(Params):
    """Insertion of ground glass and reticulation into healthy slices, as in Jia et al. 2024 (Fig. 4).

    The paper counts in pixels of its CTs (median 0.64 mm); so do the defaults, in those of the slice at hand.
    ``pixel_mm=0.64`` counts in pixels of that size instead, whatever the slice's own.
    """

    ellipses: Annotated[int, quantity("", "Most ellipses per pattern.", ge=1, le=20)] = 3
    axis_px: Annotated[tuple[float, float], quantity("px", "Least and greatest full axis of an ellipse.")] = (
        1.0,
        150.0,
    )
    fade_px: Annotated[
        float, quantity("px", "Standard deviation of the Gaussian fade at the edge.", gt=0, le=50)
    ] = 4.0
    rotation_deg: Annotated[
        float, quantity("deg", "A pattern is turned by up to this, either way.", ge=0, le=180)
    ] = 180.0
    scale_percent: Annotated[tuple[float, float], quantity("%", "A pattern is scaled within these.")] = (
        95.0,
        105.0,
    )
    prior: Annotated[
        Literal["none", "anatomical"],
        quantity(
            "",
            "Where ellipses lie: anywhere in the lung (the papers), or rather below the pleura, at the back "
            "and at the base.",
        ),
    ] = "none"
    pixel_mm: Annotated[
        float, quantity("mm", "Size of the pixels counted above; 0 for the slice's own.", ge=0, le=10)
    ] = 0.0
    candidates: Annotated[
        int,
        quantity(
            "", "Arrangements drawn per slice where an extent is wanted; the nearest is kept.", ge=1, le=100
        ),
    ] = 24

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name, (low, high) in (("axis_px", self.axis_px), ("scale_percent", self.scale_percent)):
            if not 0 < low <= high:
                raise ValueError(f"{name} must be two positive numbers, the smaller first")
        return self


class StudyParams(SynthesisParams):
    """A set of synthetic slices that is written to a folder."""

    count: Annotated[int, quantity("", "Synthetic slices to make.", ge=1, le=100_000)] = 24
    slices: Annotated[int, quantity("", "Healthy slices taken from each CT.", ge=1, le=200)] = 5
    healthy: Annotated[
        float, quantity("%", "Percent of the slices that stay healthy (scores of 0).", ge=0, le=100)
    ] = 0.0
    spread: Annotated[
        Literal["drawn", "flat"],
        quantity("", "Extents as the ellipses give them, or as even over 0-100 % as they can reach."),
    ] = "drawn"
    phantoms: Annotated[
        int, quantity("", "Healthy chest phantoms to use instead of, or beside, CTs.", ge=0, le=1000)
    ] = 0
    phantom_px: Annotated[int, quantity("px", "Matrix of the phantoms.", ge=64, le=1024)] = 512
    seed: Annotated[int, quantity("", "Draws everything.", ge=0)] = 0
