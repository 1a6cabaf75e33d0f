"""A frozen score: one folder that holds all it takes to score a new biopsy, and says where it came from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError
from ssc_core.io.features import FeatureMeta
from ssc_core.skin.scores.characteristics import population
from ssc_core.skin.scores.crossvalidation import CrossValidation
from ssc_core.skin.scores.design import moments
from ssc_core.skin.scores.evaluate import Evaluation
from ssc_core.skin.scores.fit import Fit

__all__ = ["Linear", "ScoreModel", "freeze", "load_model", "save_model"]

Floats = npt.NDArray[np.float64]
ARRAYS, CARD = "model.safetensors", "card.json"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear score of features: the models of all folds, whose mean is the score.

    Parameters
    ----------
    coef : (folds, p) float array
    intercept : (folds,) float array
    """

    coef: Floats
    intercept: Floats

    def scores(self, x: npt.NDArray[np.floating]) -> Floats:
        """(n,) scores of patches by the averaged model."""
        return np.asarray(x @ self.coef.mean(axis=0) + self.intercept.mean(), np.float64)

    def model_se(self, mean: Floats) -> float:
        """Standard error of a biopsy's score from the model alone: delete-a-group jackknife of the folds."""
        each = self.coef @ mean + self.intercept
        k = len(each)
        return math.sqrt((k - 1) / k * float(((each - each.mean()) ** 2).sum()))


@dataclass(frozen=True, eq=False)
class ScoreModel:
    """A frozen model.

    Parameters
    ----------
    diagnostic : Linear or None
        Linear score of the Diagnostic Score; the logistic function of a biopsy's mean is the score.
    fibrosis : Linear
        Fibrosis Score (or of another target), AU.
    names : tuple of str
        Features, in order.
    mean, sd : (p,) float arrays
        Of the training biopsies' mean features, to tell how unusual a new biopsy is.
    usual : float
        Root mean squared deviation, in these SD, that 99 % of the training biopsies stay below.
    meta : FeatureMeta or None
        What the features must be; None when the model was made from bare arrays.
    card : mapping
        Everything else: target, penalties, figures, population, split by patient digests, flags.
    """

    diagnostic: Linear | None
    fibrosis: Linear
    names: tuple[str, ...]
    mean: Floats
    sd: Floats
    usual: float
    meta: FeatureMeta | None
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def score_name(self) -> str:
        """Column of the linear score."""
        return "fibrosis_score" if self.card.get("target", "mrss") == "mrss" else "target_score"

    @property
    def digest(self) -> str:
        """Digest of the coefficients."""
        hashed = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            hashed.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return "sha256:" + hashed.hexdigest()

    def arrays(self) -> dict[str, Floats]:
        """All numbers by name."""
        out = {"mean": self.mean, "sd": self.sd, "fibrosis.coef": self.fibrosis.coef,
               "fibrosis.intercept": self.fibrosis.intercept}  # fmt: skip
        if self.diagnostic is not None:
            out |= {
                "diagnostic.coef": self.diagnostic.coef,
                "diagnostic.intercept": self.diagnostic.intercept,
            }
        return out

    def unusual(self, mean: Floats) -> float:
        """How far a biopsy's mean features lie from the training biopsies, in SD (root mean square)."""
        return float(np.sqrt(np.mean(((mean - self.mean) / self.sd) ** 2)))


def freeze(fit: Fit, evaluation: Evaluation) -> ScoreModel:
    """The model of a fit, with its card. Patients appear as salted digests only."""
    table = fit.scores
    training = table["set"] == "training"
    means = fit.patches.mean_features()[training.to_numpy()]
    mean, sd = moments(means.astype(np.float32))
    distance = np.sqrt((((means - mean) / sd) ** 2).mean(axis=1))
    meta = fit.patches.meta
    salt = str(fit.params.seed)
    split = {
        name: sorted(_digest(salt, p) for p in part["patient_id"].unique())
        for name, part in table.groupby("set")
    }
    card = {
        "format": _FORMAT,
        "target": fit.params.target,
        "method": "class-weighted ridge on patches, features scaled to SD 1, mean over patches "
        "(Correia et al. 2020); coefficients averaged over the folds",
        "objective": "weighted mean loss + lambda / 2 |b|^2 on scaled features, as MATLAB fitclinear",
        "parameters": fit.params.model_dump(),
        "penalties": {"diagnostic": _penalty(fit.diagnostic), "fibrosis": _penalty(fit.fibrosis)},
        "patches_per_biopsy": float(np.median(fit.patches.counts)),
        "population": {name: population(part) for name, part in table.groupby("set")},
        "split": split,
        "figures": [
            {"score": f.score, "with": f.with_what, "where": f.where, **_plain(f.statistic.as_row())}
            for f in evaluation.findings
        ],
        "power": [p.sentence for p in evaluation.power],
        "flags": list(fit.flags),
        "use": "Research only. Scores of slides stained, scanned or sampled otherwise are another quantity.",
    }
    diagnostic = None if fit.diagnostic is None else Linear(fit.diagnostic.coef, fit.diagnostic.intercept)
    usual = float(np.quantile(distance, 0.99))
    fibrosis = Linear(fit.fibrosis.coef, fit.fibrosis.intercept)
    return ScoreModel(diagnostic, fibrosis, fit.patches.names, mean, sd, usual, meta, card)


def save_model(model: ScoreModel, folder: str | Path) -> None:
    """Write ``model.safetensors`` and ``card.json`` into an existing folder; the same bytes every time."""
    from safetensors.numpy import save_file

    folder = Path(folder)
    save_file({k: np.ascontiguousarray(v) for k, v in sorted(model.arrays().items())}, folder / ARRAYS)
    meta = None if model.meta is None else _plain(asdict(model.meta))
    whole = {"card": model.card, "features": list(model.names), "meta": meta, "usual": model.usual}
    text = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8", newline="\n")


def load_model(folder: str | Path) -> ScoreModel:
    """Read what :func:`save_model` wrote.

    Raises
    ------
    FormatError
        If the folder holds no model, or it is damaged or of a newer format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    folder = Path(folder)
    if not (folder / CARD).is_file() or not (folder / ARRAYS).is_file():
        raise FormatError("there is no score model here; make one with 'ssc skin fit'", source=folder)
    try:
        whole = json.loads((folder / CARD).read_text(encoding="utf-8"))
        arrays = {k: np.asarray(v, np.float64) for k, v in load_file(folder / ARRAYS).items()}
        if whole["card"]["format"] > _FORMAT:
            raise FormatError("the model was made by a newer version; update this program", source=folder)
        names = tuple(whole["features"])
        meta = None if whole["meta"] is None else _meta(whole["meta"])
        diagnostic = None
        if "diagnostic.coef" in arrays:
            diagnostic = Linear(arrays["diagnostic.coef"], arrays["diagnostic.intercept"])
        fibrosis = Linear(arrays["fibrosis.coef"], arrays["fibrosis.intercept"])
        mean, sd, usual = arrays["mean"], arrays["sd"], float(whole["usual"])
        model = ScoreModel(diagnostic, fibrosis, names, mean, sd, usual, meta, whole["card"])
        shapes = {fibrosis.coef.shape[1], len(names), len(model.mean), len(model.sd)}
        if len(shapes) > 1 or not all(np.isfinite(a).all() for a in arrays.values()):
            raise ValueError("shapes")
    except (KeyError, TypeError, ValueError, IndexError, SafetensorError, OSError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("the model is damaged or incomplete; get it again", source=folder) from error
    return model


def _penalty(found: CrossValidation | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "lambda": found.penalty,
        "tried": [float(v) for v in found.lambdas],
        "criterion": [None if math.isnan(c) else float(c) for c in found.criterion],
        "nested": list(found.nested_lambdas),
    }


def _digest(salt: str, patient: object) -> str:
    """Twelve digits: enough to see whether two models share patients of one study, too few to be a name."""
    return hashlib.sha256(f"{salt}\x1f{patient}".encode()).hexdigest()[:12]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def _meta(stored: dict[str, Any]) -> FeatureMeta:
    values = dict(stored)
    for name in ("mean_overlap", "covered"):
        values[name] = math.nan if values[name] is None else values[name]
    values["patch_mpp"], values["flags"] = tuple(values["patch_mpp"]), tuple(values["flags"])
    return FeatureMeta(**values)
