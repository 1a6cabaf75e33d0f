"""What can be chosen about a comparison."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import Params, quantity

__all__ = ["AgreeParams", "KindName"]

KindName = Literal["goh", "area", "score", "position"]


class AgreeParams(Params):
    """Parameters of ``ssc agree``."""

    kind: Annotated[
        KindName, quantity("", "What was read: Goh scores, areas, another score, or level positions.")
    ] = "goh"
    by: Annotated[str | None, quantity("", "Column to report separately, as level.")] = None
    weights: Annotated[
        Literal["linear", "quadratic", "unweighted"], quantity("", "Weights of Cohen's kappa.")
    ] = "linear"
    icc_form: Annotated[
        Literal["1,1", "1,k", "A,1", "A,k", "C,1", "C,k"],
        quantity("", "Form of the ICC; the papers use A,1."),
    ] = "A,1"
    round_scores: Annotated[
        bool, quantity("", "For kappa only: round scores to the nearest 5 %, halves up, as the papers do.")
    ] = False
    confidence: Annotated[float, quantity("", "Level of the intervals.", ge=0.5, lt=1)] = 0.95
    zeros: Annotated[
        Literal["drop", "pratt", "split"], quantity("", "What the signed rank test does with equal errors.")
    ] = "drop"
