"""How often each score occurs, for readers' scores and for what a training draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ssc_core.plots.style import NAMED, figure
from ssc_core.stats import nearest_class

__all__ = ["distribution_figure"]

_PATTERNS = ("TOT", "GG", "RET")
_CLASSES = np.arange(0, 101, 5)


def distribution_figure(
    scores: npt.NDArray[np.float64], drawn: npt.NDArray[np.float64], synthetic: npt.NDArray[np.bool_]
) -> Figure:
    """Counts per 5 % class: the scored slices above (Jia et al. 2024, Fig. A1), what training draws below.

    Parameters
    ----------
    scores : ndarray, (n, 3)
        TOT, GG, RET of the scored slices, percent.
    drawn : ndarray, (m, 3)
        Of items that an epoch draws.
    synthetic : ndarray of bool, (m,)
        Which of them are synthetic.
    """
    fig = figure(9.0, 5.0)
    axes = fig.subplots(2, 3, sharex=True)
    for i, name in enumerate(_PATTERNS):
        axes[0, i].bar(_CLASSES, _counts(scores[:, i]), width=4, color=NAMED["blue"])
        axes[0, i].set_title(name)
        real, made = _counts(drawn[~synthetic, i]), _counts(drawn[synthetic, i])
        axes[1, i].bar(_CLASSES, real, width=4, color=NAMED["blue"], label="real")
        axes[1, i].bar(_CLASSES, made, width=4, bottom=real, color=NAMED["orange"], label="synthetic")
        axes[1, i].set_xlabel("score, % of the lung")
    axes[0, 0].set_ylabel(f"scored slices (n = {len(scores)})")
    axes[1, 0].set_ylabel(f"drawn in training (n = {len(drawn)})")
    if synthetic.any():
        axes[1, 2].legend(frameon=False)
    return fig


def _counts(values: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    return np.bincount((nearest_class(np.clip(values, 0, 100)) / 5).astype(int), minlength=len(_CLASSES))
