"""Boosted regression trees as plain arrays: fitted with scikit-learn, kept and evaluated without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError

__all__ = ["Trees"]

_FIELDS = ("feature", "threshold", "left", "right", "value", "roots", "start")


@dataclass(frozen=True)
class Trees:
    """The sum of many trees, all nodes in one table.

    Parameters
    ----------
    feature : ndarray of int16, (nodes,)
        Which feature a node asks; -1 in a leaf.
    threshold : ndarray of float64, (nodes,)
        Values up to it go left, others right.
    left, right : ndarray of int32, (nodes,)
        Nodes below.
    value : ndarray of float64, (nodes,)
        What a leaf adds.
    roots : ndarray of int32, (trees,)
        First node of each tree.
    start : ndarray of float64, (1,)
        What the sum begins with.
    """

    feature: npt.NDArray[np.int16]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    roots: npt.NDArray[np.int32]
    start: npt.NDArray[np.float64]

    @classmethod
    def of(cls, model: Any) -> Trees:
        """Of a fitted ``sklearn.ensemble.HistGradientBoostingRegressor`` on complete numerical features."""
        parts: list[Any] = [stage[0].nodes for stage in model._predictors]
        sizes = np.array([len(p) for p in parts])
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        nodes = np.concatenate(parts)
        shift = np.repeat(roots, sizes)
        leaf = nodes["is_leaf"].astype(bool)
        return cls(
            feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int16),
            threshold=np.where(leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
            left=np.where(leaf, 0, nodes["left"] + shift).astype(np.int32),
            right=np.where(leaf, 0, nodes["right"] + shift).astype(np.int32),
            value=np.where(leaf, nodes["value"], 0.0).astype(np.float64),
            roots=roots,
            start=np.asarray(model._baseline_prediction, np.float64).reshape(-1)[:1],
        )

    def predict(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values (n,) of rows (n, features)."""
        rows = np.arange(len(features))[:, None]
        at = np.broadcast_to(self.roots, (len(features), len(self.roots))).copy()
        while True:
            asks = self.feature[at]
            if (asks < 0).all():
                break
            down = np.where(
                features[rows, np.maximum(asks, 0)] <= self.threshold[at], self.left[at], self.right[at]
            )
            at = np.where(asks < 0, at, down)
        return np.asarray(self.start[0] + self.value[at].sum(axis=1))

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        """As named arrays, to be stored."""
        return {f"{prefix}.{name}": getattr(self, name) for name in _FIELDS}

    @classmethod
    def restored(cls, arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Trees:
        """From :meth:`arrays`.

        Raises
        ------
        FormatError
            If arrays are absent or do not fit one another.
        """
        try:
            made = cls(*(np.asarray(arrays[f"{prefix}.{name}"]) for name in _FIELDS))
        except KeyError as error:
            raise FormatError(f"the trees lack {error.args[0]}; fit them again") from error
        nodes = len(made.feature)
        same: Sequence[int] = [len(getattr(made, name)) for name in _FIELDS[:5]]
        below = np.concatenate([made.left, made.right, made.roots])
        parents = np.arange(nodes)[made.feature >= 0]
        forward = (made.left[parents] > parents).all() and (made.right[parents] > parents).all()
        if (
            set(same) != {nodes}
            or not len(made.roots)
            or below.min() < 0
            or below.max() >= nodes
            or not forward
        ):
            raise FormatError("the trees are damaged; fit them again")
        return made
