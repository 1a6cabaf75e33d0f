"""Heat maps against lesions whose place is known, and against other maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.lung.goh.scores import PATTERNS

__all__ = ["against_truth", "map_agreement", "overlap"]

Field = npt.NDArray[np.floating]
Bool = npt.NDArray[np.bool_]


def overlap(hot: Bool, truth: Bool, lung: Bool) -> dict[str, float]:
    """Dice, precision and recall of `hot` pixels within the lung, and what as many random pixels would have.

    Random pixels have the lesions' share of the lung as precision and their own share as recall. NaN where
    nothing is hot (precision), nothing diseased (recall), or neither (Dice).
    """
    a, b = hot & lung, truth & lung
    area, both, na, nb = (float(np.count_nonzero(m)) for m in (lung, a & b, a, b))

    def share(part: float, of: float) -> float:
        return part / of if of else float("nan")

    return {
        "dice": share(2 * both, na + nb),
        "precision": share(both, na),
        "recall": share(both, nb),
        "random_precision": share(nb, area),
        "random_recall": share(na, area),
        "hot_percent": 100 * share(na, area),
        "true_percent": 100 * share(nb, area),
    }


def against_truth(maps: Field, truth: Bool, lung: Bool, threshold: float | npt.ArrayLike) -> pd.DataFrame:
    """Overlap of the pixels below `threshold` with known lesions, and how well the map ranks pixels.

    Parameters
    ----------
    maps : ndarray, (3, y, x)
        A heat map, percent points: negative is diseased. Give an extent map with its sign turned.
    truth : ndarray of bool, (3, y, x)
        Where TOT, GG and RET are.
    lung : ndarray of bool, (y, x)
        The lung.
    threshold : float or (3,)
        Percent points.

    Returns
    -------
    DataFrame
        One row per pattern: those of :func:`overlap`, and ``auc``, the probability that a diseased pixel is
        lower than a healthy one (0.5: no better than chance).
    """
    limits = np.broadcast_to(np.asarray(threshold, float), 3)
    rows = []
    for name, one, where, limit in zip(PATTERNS, maps, truth, limits, strict=True):
        row: dict[str, object] = {"pattern": name, **overlap(one < limit, where, lung)}
        row["auc"] = _auc(one[lung], where[lung])
        rows.append(row)
    return pd.DataFrame(rows)


def map_agreement(heat: Field, extent: Field, lung: Bool) -> npt.NDArray[np.float64]:
    """Spearman's rank correlation over the lung's pixels of -`heat` and `extent` (3, y, x), per pattern.

    A description of two maps of one slice: neighbouring pixels are not independent, so there is no test.
    """
    from scipy.stats import rankdata

    out = []
    for a, b in zip(heat, extent, strict=True):
        x, y = rankdata(-a[lung]), rankdata(b[lung])
        out.append(float(np.corrcoef(x, y)[0, 1]) if np.ptp(x) and np.ptp(y) else np.nan)
    return np.asarray(out, float)


def _auc(values: Field, diseased: Bool) -> float:
    from scipy.stats import rankdata

    n, total = int(np.count_nonzero(diseased)), len(diseased)
    if n in (0, total):
        return float("nan")
    ranks = rankdata(-values)
    return float((ranks[diseased].sum() - n * (n + 1) / 2) / (n * (total - n)))
