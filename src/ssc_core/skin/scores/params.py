"""Parameters of discovery and of fitting scores, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from ssc_core.params import Params, quantity

__all__ = ["FitParams"]


class FitParams(Params):
    """Parameters of :func:`ssc_core.skin.scores.fit.fit_scores`; defaults as in Correia et al. 2020."""

    seed: Annotated[int, quantity("", "Seed of the split into training, test and folds.", ge=0)] = 0
    test_share: Annotated[
        float, quantity("", "Share of the patients kept for the test set; 0 for none.", ge=0, le=0.6)
    ] = 0.3
    folds: Annotated[int, quantity("", "Folds of the cross-validation.", ge=2, le=50)] = 10
    mrss_cut: Annotated[
        float, quantity("", "Patients are stratified by a baseline mRSS above this.", ge=0, le=51)
    ] = 20.0
    n_lambdas: Annotated[int, quantity("", "Number of penalties tried.", ge=1, le=64)] = 16
    lambda_min: Annotated[float, quantity("", "Weakest penalty, on the mean loss.", gt=0, le=1e6)] = 1e-5
    lambda_max: Annotated[float, quantity("", "Strongest penalty, on the mean loss.", gt=0, le=1e9)] = 1e3
    normalise: Annotated[
        Literal["fold", "all"],
        quantity(
            "",
            "Where mean and SD of features come from: the patches each fold trains on, or all patches (as "
            "the paper says; held-out patches then take part in the scaling).",
        ),
    ] = "fold"
    controls: Annotated[
        bool, quantity("", "Whether controls, with mRSS 0, take part in the Fibrosis Score.")
    ] = True
    nested: Annotated[bool, quantity("", "Whether nested cross-validation is run beside the paper's.")] = True
    target: Annotated[
        str,
        quantity("", "Column that the linear model predicts; mrss gives the Fibrosis Score.", min_length=1),
    ] = "mrss"

    @property
    def lambdas(self) -> npt.NDArray[np.float64]:
        """The penalties, weakest first."""
        return np.geomspace(self.lambda_min, self.lambda_max, self.n_lambdas)
