"""Parameters of the score map, each declared once."""

from __future__ import annotations

from typing import Annotated

from ssc_core.params import Params, quantity

__all__ = ["MapParams"]


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
