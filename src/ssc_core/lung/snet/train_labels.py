"""The figure of the scores' distribution: what the readers gave, and what an epoch of training draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ssc_core.lung.snet.train_data import Pool
from ssc_core.plots.score_distribution import distribution_figure
from ssc_core.plots.style import save_figure
from ssc_core.seeds import seed_of

__all__ = ["draw_labels"]

_DRAWN = 240  # items, over as many epochs as it takes


def draw_labels(path: Path, pool: Pool, patients: Sequence[str]) -> None:
    """Draw Fig. A1 of Jia et al. 2024 for all scored slices, and below it what fold 1 draws."""
    own = [s for slices in pool.by_patient.values() for s in slices if s.offset == 0]
    scores = np.array([s.scores for s in own])
    items = pool.items(patients, True)
    rng = np.random.default_rng(seed_of(pool.params.seed, "label figure"))
    draw, chosen = pool.draws(items), np.zeros(0, np.intp)
    while len(chosen) < _DRAWN:
        chosen = np.concatenate([chosen, draw(rng)])
    drawn, made = [], []
    for index in chosen[:_DRAWN]:
        synthetic = int(index) >= len(items.real)
        drawn.append(items.made(int(index), rng)[1].scores if synthetic else items.real[int(index)].scores)
        made.append(synthetic)
    save_figure(distribution_figure(scores, np.array(drawn), np.array(made)), path)
