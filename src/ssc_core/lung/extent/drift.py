"""How far a score moves when only the scan changes: noise, kernel, slice thickness, pixel size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.phantoms.chest import GROUND_GLASS, RETICULATION, Chest, Disease
from ssc_core.progress import Tick, silent, track
from ssc_core.seeds import seed_of

__all__ = ["SCANS", "drift"]

_USUAL = {"noise_hu": 15.0, "sharpness": 0.0, "thickness_mm": 1.5, "pixel_mm": 0.75}
SCANS: dict[str, tuple[float, ...]] = {
    "noise_hu": (5.0, 15.0, 30.0, 55.0),
    "sharpness": (-1.0, -0.5, 0.0, 0.5, 1.0),
    "thickness_mm": (1.0, 1.5, 3.0, 5.0),
    "pixel_mm": (0.6, 0.75, 0.9),
}


def drift(
    scorers: Sequence[SliceScorer], persons: Sequence[int], seed: int = 0, tick: Tick = silent
) -> pd.DataFrame:
    """Scores of the same phantoms, with the phantoms' own disease, as one thing of the scan changes.

    Parameters
    ----------
    scorers : sequence of SliceScorer
        Whose.
    persons : sequence of int
        Phantoms.
    seed : int
        Of their disease.
    tick : Tick
        Progress.

    Returns
    -------
    DataFrame
        scorer, what, value, pattern, n, mean_truth, mean_score, mae, moved (mean absolute difference to the
        usual scan of the same slice: noise 15 HU, neutral kernel, 1.5 mm, pixels of 0.75 mm).
    """
    rows = []
    settings = [("usual", 0.0, _USUAL)]
    settings += [
        (what, v, {**_USUAL, what: v}) for what, values in SCANS.items() for v in values if v != _USUAL[what]
    ]
    usual: dict[str, np.ndarray] = {}
    for what, value, scan in track(settings, tick, "scans of phantoms"):
        truth, scores = _scored(scorers, persons, seed, scan)
        for scorer in scorers:
            own = scores[scorer.name]
            reference = usual.setdefault(scorer.name, own)
            for i, pattern in enumerate(PATTERNS):
                error, moved = own[:, i] - truth[:, i], own[:, i] - reference[:, i]
                row = {"scorer": scorer.name, "what": what, "value": value, "pattern": pattern, "n": len(own)}
                row |= {"mean_truth": truth[:, i].mean(), "mean_score": own[:, i].mean()}
                rows.append({**row, "mae": np.abs(error).mean(), "moved": np.abs(moved).mean()})
    return pd.DataFrame(rows)


def _scored(
    scorers: Sequence[SliceScorer], persons: Sequence[int], seed: int, scan: dict[str, float]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    truth = []
    scores: dict[str, list[np.ndarray]] = {s.name: [] for s in scorers}
    for person in persons:
        rng = np.random.default_rng(seed_of(seed, "drift", person))
        disease = Disease(
            ground_glass=float(rng.uniform(0.1, 0.4)),
            reticulation=float(rng.uniform(0.05, 0.3)),
            spread="mixed",
            mesh_mm=float(rng.uniform(4, 9)),
            gain=float(rng.uniform(0.12, 0.35)),
            strength=float(rng.uniform(0.4, 0.8)),
        )
        mm = scan["pixel_mm"]
        image = Chest(person, disease).render(
            (45.0, mm, mm),
            thickness_mm=scan["thickness_mm"],
            noise_hu=scan["noise_hu"],
            sharpness=scan["sharpness"],
        )
        lung = (image.lungs == RIGHT) | (image.lungs == LEFT)
        wanted = np.flatnonzero(lung.sum(axis=(1, 2)) * mm**2 > 8000)
        hu, lung, bits = image.hu[wanted].astype(np.float32), lung[wanted], image.disease[wanted]
        for mask, bit in zip(lung, bits, strict=True):
            area = mask.sum()
            kinds = (GROUND_GLASS | RETICULATION, GROUND_GLASS, RETICULATION)
            truth.append([100.0 * np.count_nonzero((bit & k > 0) & mask) / area for k in kinds])
        for scorer in scorers:
            scores[scorer.name].append(scorer.score(hu, lung, (mm, mm)))
    return np.array(truth), {name: np.concatenate(parts) for name, parts in scores.items()}
