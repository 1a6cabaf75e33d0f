"""Parameters of the score map, each declared once."""

from __future__ import annotations

from typing import Annotated

from ssc_core.params import Params, quantity
from ssc_core.skin.feature_params import FeatureParams

__all__ = ["MapFeatures", "MapParams"]


class MapFeatures(FeatureParams):
    """Features of which one is mapped: by default the ones that need no weights."""

    backbone: Annotated[
        str, quantity("", "As in ssc skin features; its features are those to choose from.", min_length=1)
    ] = "morphometry"


class MapParams(Params):
    """Parameters of :func:`ssc_core.skin.scores.score_map.score_map`."""

    step_um: Annotated[
        float, quantity("um", "Distance between neighbouring fields of the grid.", ge=4, le=2000)
    ] = 50.0
    map_inside: Annotated[
        float,
        quantity(
            "",
            "Share of a field that must lie in the dermis; below 0.9, glass and fat at the border count.",
            gt=0,
            le=1,
        ),
    ] = 0.9
