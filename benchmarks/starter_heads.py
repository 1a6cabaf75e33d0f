"""Extent head against regression head on one trunk: scores and maps on slices that neither saw.

Train both with the same budget, then compare:

    ssc lung train-starter HEALTHY.csv -o RUN --head extent --epochs 6
    ssc lung train-starter HEALTHY.csv -o RUN2 --head regression --epochs 6
    python benchmarks/starter_heads.py RUN/extent/best.safetensors RUN2/regression/best.safetensors
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
import torch

from ssc_core.lung.extent.heads import compare_maps
from ssc_core.lung.extent.held_out import held_out, phantom_slices
from ssc_core.lung.extent.judge import figures
from ssc_core.lung.extent.scorer import ExtentScorer
from ssc_core.lung.extent.ship import scored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extent")
    parser.add_argument("regression")
    parser.add_argument("--scores", type=int, default=150, help="slices whose scores are compared")
    parser.add_argument("--maps", type=int, default=16, help="slices whose maps are compared")
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    torch.set_num_threads(1)
    extent, regression = ExtentScorer(given.extent), ExtentScorer(given.regression)
    items = list(held_out(phantom_slices(range(6000, 6010), given.seed), given.scores, given.seed))
    truth = np.array([i.truth for i in items])
    scores = {"extent": scored(extent, items), "regression": scored(regression, items)}
    print(figures(truth, scores).to_string(index=False, float_format=lambda v: f"{v:.3g}"))
    ill = [i for i in items if 10 <= i.truth[0] <= 70][: given.maps]
    table = compare_maps(extent, regression, ill)
    means = table.groupby(["pattern", "map"])[["dice", "random_dice", "with_extent"]].mean()
    print(pd.concat([means, table.groupby(["pattern", "map"]).size().rename("n")], axis=1).round(3))


if __name__ == "__main__":
    main()
