"""Replacement maps of a scorer on slices whose lesions are known.

    python benchmarks/heatmap_truth.py [--scorer starter] [--slices 24] [--pixels 512] [--stride 16]
                                       [--mode fast] [--seed 11] [-o FOLDER]

Healthy phantom slices get ground glass and reticulation (generated patterns that the network has not seen
with this seed). The thresholds are chosen on one half of the slices; the other half is judged: hot pixels
inside the lesions against as many random pixels, the rank of lesions among all pixels (auc), the share of the
network's scores that derived scores explain (r2), the network's own errors beside. A scorer with an extent
map gets the same numbers for that map (hot: probability above one half), and how far both maps agree.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.lung.goh.engines import scorer_of
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.heatmap import (
    HeatmapParams,
    against_truth,
    choose_threshold,
    derived_scores,
    slice_heatmap,
)
from ssc_core.lung.heatmap.derived import explained
from ssc_core.lung.heatmap.source import healthy_texture
from ssc_core.lung.heatmap.truth import map_agreement
from ssc_core.lung.synthesis.insertion import Synthetic, synthesise
from ssc_core.lung.synthesis.params import SynthesisParams
from ssc_core.lung.synthesis.seeds import generated_seeds
from ssc_core.lung.synthesis.slices import LungSlice, phantom_slices
from ssc_core.plots.heatmap import Row, explained_figure, heatmap_rows, threshold_figure, truth_figure
from ssc_core.plots.style import save_figure

PATTERNS = ["tot", "gg", "ret"]


def planted(count: int, pixels: int, seed: int) -> list[tuple[LungSlice, Synthetic]]:
    """Phantom slices with lesions; every sixth is healthy."""
    healthy = list(phantom_slices(-(-count // 3), 3, pixels, seed))[:count]
    bank, rng = generated_seeds(seed), np.random.default_rng(seed)
    scale = pixels / 512
    params = SynthesisParams(axis_px=(30 * scale, 220 * scale))
    out = []
    for k, one in enumerate(healthy):
        made = synthesise(one, bank, params, rng)
        if k % 6 == 5:
            none = np.zeros_like(one.lung)
            made = Synthetic(one.hu.astype(np.float32), (0.0, 0.0, 0.0), none, none, 1)
        out.append((one, made))
    return out


def evaluate(scorer: SliceScorer, given: argparse.Namespace, folder: Path | None) -> dict[str, pd.DataFrame]:
    """All numbers, and pictures into `folder`."""
    pixels = given.pixels
    params = HeatmapParams(mode=given.mode, window_mm=45.0, stride_mm=45.0 * given.stride / 64)
    texture = healthy_texture(scorer, params)
    print(f"texture: {texture.origin}; it moves its slice by {np.abs(texture.check.moves).max():.2f} points")
    slices = planted(given.slices, pixels, given.seed)
    maps, lungs, truths, scores, extents = [], [], [], [], []
    for k, (one, made) in enumerate(slices):
        found = slice_heatmap(scorer, made.hu, one.lung, one.spacing_mm, texture.texture, params)
        maps.append(found.maps)
        lungs.append(one.lung)
        truths.append(np.stack([made.gg | made.ret, made.gg, made.ret]) & one.lung)
        scores.append(found.scores)
        extents.append(scorer.extent(made.hu[None], one.lung[None], one.spacing_mm))
        print(f"  slice {k + 1}: true {np.round(made.scores, 1)}, network {np.round(found.scores, 1)}")
    half = len(slices) // 2
    network, truth = np.stack(scores), np.array([made.scores for _, made in slices])
    threshold = choose_threshold(maps[:half], lungs[:half], network[:half])
    test = range(half, len(slices))
    derived = np.stack([derived_scores(maps[k], lungs[k], threshold.values) for k in test])
    tables = {
        "network": pd.DataFrame(
            {"pattern": PATTERNS, "mae": np.abs(network - truth).mean(0), "zero_mae": truth.mean(0)}
        ),
        "derived": explained(derived, network[half:]).assign(threshold=threshold.values),
        "places": pooled([against_truth(maps[k], truths[k], lungs[k], threshold.values) for k in test]),
    }
    if extents[0] is not None:
        both = [(maps[k], extents[k][0], lungs[k], truths[k]) for k in test]
        tables["places by extent"] = pooled([against_truth(-e, t, lung, -0.5) for _, e, lung, t in both])
        agree = np.nanmean([map_agreement(m, e, lung) for m, e, lung, _ in both], axis=0)
        tables["agreement"] = pd.DataFrame({"pattern": PATTERNS, "spearman": agree})
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        rows = [
            Row(f"slice {k + 1}", slices[k][1].hu, lungs[k], maps[k], network[k], truth[k], truths[k])
            for k in test
        ]
        rows.sort(key=lambda row: row.truth[0] if row.truth is not None else 0)
        save_figure(heatmap_rows(rows[:: max(1, len(rows) // 5)][:6]), folder / "maps.png", dpi=110)
        save_figure(truth_figure(rows[-2], threshold.values.tolist()), folder / "missed.png")
        save_figure(threshold_figure(threshold.curve, threshold.values.tolist()), folder / "threshold.png")
        save_figure(explained_figure(derived, network[half:], tables["derived"]), folder / "explained.png")
    return tables


def pooled(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Means over slices; what is not defined in one (recall without the pattern) is left out there."""
    return pd.concat(tables).groupby("pattern", sort=False).mean().reset_index()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--scorer", default="starter")
    arguments.add_argument("--slices", type=int, default=24)
    arguments.add_argument("--pixels", type=int, default=512)
    arguments.add_argument("--stride", type=int, default=16)
    arguments.add_argument("--mode", default="fast")
    arguments.add_argument("--seed", type=int, default=11)
    arguments.add_argument("-o", "--out", type=Path)
    given = arguments.parse_args()
    for name, table in evaluate(scorer_of(given.scorer), given, given.out).items():
        print(f"\n{name}\n{table.to_string(index=False, float_format=lambda v: f'{v:.2f}')}")


if __name__ == "__main__":
    main()
