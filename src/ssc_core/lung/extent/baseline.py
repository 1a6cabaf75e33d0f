"""The baseline that any network must beat: gradient boosting on hand-made features, without a pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError
from ssc_core.geometry import Frame
from ssc_core.io.digest import file_digest
from ssc_core.lung.extent.contract import ExtentContract, boxed
from ssc_core.lung.extent.features import FEATURES, features
from ssc_core.lung.extent.trees import Trees
from ssc_core.lung.goh.intervals import Intervals
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.models.card import Card
from ssc_core.models.files import read_arrays
from ssc_core.progress import Tick, silent
from ssc_core.training.state import facts_of, write_state

__all__ = ["BaselineScorer", "fit_baseline", "save_baseline"]

SHIPPED = "goh_baseline.safetensors"
_SETTINGS = {"max_iter": 400, "learning_rate": 0.06, "max_leaf_nodes": 15, "min_samples_leaf": 25}


class BaselineScorer:
    """A :class:`ssc_core.lung.goh.scorer.SliceScorer` without a map.

    Parameters
    ----------
    weights : path-like, optional
        File of :func:`save_baseline`; the one in the package by default.

    Raises
    ------
    InputError, FormatError
        If the file is not there or damaged.
    """

    name = "goh-baseline"
    card: Card | None = None

    def __init__(self, weights: str | Path | None = None) -> None:
        inside = resources.files("ssc_core.models").joinpath("shipped", SHIPPED)
        path = Path(str(inside)) if weights is None else Path(weights)
        arrays, facts = read_arrays(path), facts_of(path)
        if facts.get("features") != list(FEATURES):
            raise FormatError("these trees ask for other features; fit them again", source=path)
        self.trees = {p: Trees.restored(arrays, p) for p in PATTERNS}
        self.digests: Mapping[str, str] = {self.name: file_digest(path)}
        self.contract = ExtentContract(**facts.get("contract", {}))
        kept = facts.get("intervals")
        self.intervals = None if kept is None else Intervals.model_validate(kept)

    def outside(self, frame: Frame, meta: Mapping[str, Any]) -> tuple[str, ...]:
        """See :meth:`~ssc_core.lung.goh.scorer.SliceScorer.outside`."""
        return self.contract.outside(frame, meta)

    def score(
        self,
        hu: npt.NDArray[np.float32],
        lung: npt.NDArray[np.bool_],
        spacing_mm: tuple[float, float],
        *,
        tick: Tick = silent,
    ) -> npt.NDArray[np.float64]:
        """See :meth:`~ssc_core.lung.goh.scorer.SliceScorer.score`; nothing keeps TOT above GG and RET."""
        rows = np.full((len(hu), len(FEATURES)), np.nan)
        for k, (image, mask) in enumerate(zip(hu, lung, strict=True)):
            tick(k, len(hu), "scores")
            cut = boxed(image, mask, spacing_mm)
            if cut is not None:
                rows[k] = features(cut[0], cut[1])
        out = np.full((len(hu), len(PATTERNS)), np.nan)
        known = np.isfinite(rows).all(axis=1)
        for i, pattern in enumerate(PATTERNS):
            out[known, i] = self.trees[pattern].predict(rows[known])
        tick(len(hu), len(hu), "scores")
        return out

    def extent(
        self, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
    ) -> None:
        """None: the features of a slice have no place."""
        return


def fit_baseline(
    rows: npt.NDArray[np.float64], targets: npt.NDArray[np.float64], seed: int = 0
) -> dict[str, Trees]:
    """Trees for TOT, GG and RET.

    Parameters
    ----------
    rows : ndarray, (n, features)
        As :func:`~ssc_core.lung.extent.features.features` gives them.
    targets : ndarray, (n, 3)
        Percent.
    seed : int
        Of scikit-learn's generator.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    out = {}
    for i, pattern in enumerate(PATTERNS):
        model = HistGradientBoostingRegressor(loss="squared_error", random_state=seed, **_SETTINGS)
        out[pattern] = Trees.of(model.fit(rows, targets[:, i]))
    return out


def save_baseline(trees: Mapping[str, Trees], path: Path, facts: Mapping[str, Any]) -> None:
    """Write the trees as safetensors, their facts in the header.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import torch

    names: Sequence[str] = list(trees)
    arrays = {n: a for p in names for n, a in trees[p].arrays(p).items()}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
    write_state(path, tensors, {**facts, "features": list(FEATURES)})
