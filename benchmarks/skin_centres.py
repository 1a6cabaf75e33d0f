"""How well the laboratory can be told from features, and how much less after stain normalisation.

Run: ``python benchmarks/skin_centres.py COHORT [--biopsies 16] [--patches 8] [--backbone squeezenet]``.
COHORT is a folder of phantom biopsies (``manifest.csv``, ``slides``, ``rois``). Each biopsy is stained by
three laboratories, which stain as they do: as it is, paler and of another hue, deeper under a yellower light.
Mean features are given to a nearest-centroid and to a ridge classifier of the laboratory, that biopsy left
out in all its stains; chance is one third. Both are run on features of patches as they are and of normalised
patches. The share of the features' variance that the laboratory explains stands beside it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ssc_core.io.roi import read_rois
from ssc_core.io.slide import open_slide
from ssc_core.skin.drawing import draw
from ssc_core.skin.features import extract, open_backbone
from ssc_core.skin.normalisation import normalising
from ssc_core.skin.params import SkinParams
from ssc_core.skin.recolour import StainChange, recoloured

LABORATORIES = (
    StainChange(),
    StainChange(0.75, 0.85, turn_deg=5.0),
    StainChange(1.25, 1.15, turn_deg=-5.0, white=(1.0, 0.99, 0.94)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--biopsies", type=int, default=16)
    parser.add_argument("--patches", type=int, default=8)
    parser.add_argument("--backbone", default="squeezenet")
    given = parser.parse_args()
    plain = open_backbone(given.backbone)
    ways = {"patches as they are": plain, "normalised": normalising(plain)}
    manifest = pd.read_csv(given.cohort / "manifest.csv").drop_duplicates("patient_id").head(given.biopsies)
    found: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    params = SkinParams(n_patches=given.patches)
    for row in manifest.itertuples():
        slide = open_slide(given.cohort / row.slide)
        rois = read_rois(given.cohort / row.roi, offset=slide.qupath_offset)
        before = draw(slide, params, mask=rois, seed=0)
        for laboratory in LABORATORIES:
            other = recoloured(slide, before.stain, laboratory)
            seen = draw(other, params, mask=rois, seed=0)
            for name, backbone in ways.items():
                found[name].append(extract(other, seen.fields, backbone, stain=seen.stain).mean(axis=0))
    where = np.tile(np.arange(len(LABORATORIES)), len(manifest))
    biopsy = np.repeat(np.arange(len(manifest)), len(LABORATORIES))
    for name, rows in found.items():
        told(name, np.stack(rows), where, biopsy)


def told(name: str, x: np.ndarray, where: np.ndarray, biopsy: np.ndarray) -> None:
    centred = x - x.mean(axis=0)
    between = sum(
        (where == k).sum() * (centred[where == k].mean(axis=0) ** 2).sum() for k in np.unique(where)
    )
    right = []
    for classifier in (NearestCentroid(), RidgeClassifier(alpha=10.0)):
        pipe = make_pipeline(StandardScaler(), classifier)
        right.append(
            100 * np.mean(cross_val_predict(pipe, x, where, groups=biopsy, cv=LeaveOneGroupOut()) == where)
        )
    print(
        f"{name}: laboratory told for {right[0]:.0f} % of {len(x)} slides by the nearest centroid, "
        f"{right[1]:.0f} % by ridge; it explains {100 * between / (centred**2).sum():.0f} % of the variance",
        flush=True,
    )


if __name__ == "__main__":
    main()
