"""Bring a scorer's areas to a lab's reading: a line or a rising curve, fitted on that lab's own scored cases.

Networks that learn from inserted disease estimate areas, and people estimate extents by eye: the two differ
systematically (Jia et al. 2024, Discussion). Raw scores always stay beside what the map makes of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from ssc_core.errors import FormatError, InputError
from ssc_core.lung.goh.intervals import Intervals, fit_intervals
from ssc_core.lung.goh.scores import NAMES, PATTERNS
from ssc_core.params import parsed

__all__ = ["Curve", "Form", "Recalibration", "fit_recalibration", "read_recalibration"]

Form = Literal["linear", "monotone"]
Floats = npt.NDArray[np.float64]

_LEAST_SLICES, _LEAST_PATIENTS, _FOLDS = 20, 4, 5


class Curve(BaseModel):
    """A rising broken line through knots; beyond its ends it goes on with slope `beyond`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: tuple[float, ...]
    y: tuple[float, ...]
    beyond: float = 1.0

    def __call__(self, values: npt.ArrayLike) -> Floats:
        """The curve at `values`; NaN stays NaN."""
        v = np.asarray(values, np.float64)
        inside = np.clip(v, self.x[0], self.x[-1])
        return np.asarray(np.interp(inside, self.x, self.y) + self.beyond * (v - inside))


class Recalibration(BaseModel):
    """Curves by pattern, for one scorer and one lab.

    ``before`` and ``after`` are the MAE and bias (score minus reader) of the pairs; "after" of patients that
    the curve had not seen. ``intervals`` come from the same unseen patients.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: Form
    scorer: str
    curves: dict[str, Curve]
    slices: int
    patients: int
    before: dict[str, dict[str, float]]
    after: dict[str, dict[str, float]]
    intervals: Intervals | None = None

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Recalibrated scores (..., 3) of raw ones; nothing is clipped."""
        values = np.asarray(scores, np.float64)
        return np.stack([self.curves[p](values[..., i]) for i, p in enumerate(PATTERNS)], axis=-1)

    def to_json(self) -> str:
        """Stable, sorted JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    def table(self) -> pd.DataFrame:
        """pattern, n, mae_before, mae_after, bias_before, bias_after."""
        return pd.DataFrame([
            {"pattern": p, "n": self.slices, "mae_before": self.before[p]["mae"], "mae_after":
             self.after[p]["mae"], "bias_before": self.before[p]["bias"], "bias_after": self.after[p]["bias"]}
            for p in PATTERNS
        ])  # fmt: skip


def fit_recalibration(
    scores: npt.ArrayLike,
    readings: npt.ArrayLike,
    patients: Sequence[Any],
    *,
    scorer: str,
    form: Form = "linear",
) -> Recalibration:
    """Fit the map from raw scores to readings.

    Parameters
    ----------
    scores, readings : array-like of shape (n, 3)
        Raw scores and what readers gave, in the order of the patterns.
    patients : sequence of length n
        Whose slice each row is; errors "after" are those of patients that were left out of the fit, in five
        groups (or one by one where there are fewer than five).
    scorer : str
        Who scored (:func:`ssc_core.lung.goh.engines.identity`).
    form : {"linear", "monotone"}
        Least squares line, or isotonic regression through the means of its steps.

    Raises
    ------
    InputError
        With fewer than 20 complete slices of 4 patients, or where scores do not rise with readings.
    """
    x, y = np.asarray(scores, np.float64), np.asarray(readings, np.float64)
    owner = np.asarray([str(p) for p in patients])
    complete = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    x, y, owner = x[complete], y[complete], owner[complete]
    names = np.unique(owner)
    if len(x) < _LEAST_SLICES or len(names) < _LEAST_PATIENTS:
        raise InputError(
            f"{len(x)} slices of {len(names)} patients are too few to recalibrate; score at least "
            f"{_LEAST_SLICES} slices of {_LEAST_PATIENTS} patients"
        )
    curves = _curves(x, y, form)
    unseen = np.full_like(x, np.nan)
    group = np.searchsorted(names, owner) % min(_FOLDS, len(names))
    for fold in np.unique(group):
        held = group == fold
        each = _curves(x[~held], y[~held], form)
        unseen[held] = np.stack([each[p](x[held, i]) for i, p in enumerate(PATTERNS)], axis=-1)
    return Recalibration(
        form=form,
        scorer=scorer,
        curves=curves,
        slices=len(x),
        patients=len(names),
        before=_errors(x, y),
        after=_errors(unseen, y),
        intervals=_intervals(unseen, y, owner),
    )


def read_recalibration(path: str | Path) -> Recalibration:
    """Read a ``recalibration.json``.

    Raises
    ------
    InputError
        If there is no such file.
    FormatError
        If it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "recalibration.json"
    if not path.is_file():
        raise InputError("there is no such recalibration; make one with 'ssc lung recalibrate'", source=path)
    try:
        return parsed(Recalibration, json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise FormatError("the recalibration is damaged; make it again", source=path) from error


def _curves(x: Floats, y: Floats, form: Form) -> dict[str, Curve]:
    fit = _line if form == "linear" else _isotonic
    return {p: fit(x[:, i], y[:, i], p) for i, p in enumerate(PATTERNS)}


def _line(x: Floats, y: Floats, pattern: str) -> Curve:
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else 0.0
    if slope <= 0:
        raise InputError(
            f"scores of {NAMES[pattern]} do not rise with the readings; check that cases and levels match"
        )
    first = float(y.mean() - slope * x.mean())
    return Curve(x=(0.0, 100.0), y=(first, first + 100 * slope), beyond=slope)


def _isotonic(x: Floats, y: Floats, pattern: str) -> Curve:
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression().fit_transform(x, y)
    heights = np.unique(steps)
    if len(heights) < 2:
        return _line(x, y, pattern)
    middles = [float(x[steps == h].mean()) for h in heights]
    return Curve(x=tuple(middles), y=tuple(float(h) for h in heights))


def _errors(x: Floats, y: Floats) -> dict[str, dict[str, float]]:
    error = x - y
    return {
        p: {"mae": float(np.abs(error[:, i]).mean()), "bias": float(error[:, i].mean())}
        for i, p in enumerate(PATTERNS)
    }


def _intervals(unseen: Floats, y: Floats, owner: npt.NDArray[Any]) -> Intervals | None:
    try:
        return fit_intervals(unseen, y, list(owner), source="cases of the recalibration, left out in turn")
    except InputError:
        return None
