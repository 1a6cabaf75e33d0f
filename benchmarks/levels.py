"""The five levels on phantoms: errors, stated bands, and what fixed fractions of lung height give.

    python benchmarks/levels.py [--people 24] [--first 200] [--out FOLDER]

Each person is drawn anew, with a spacing of 2 to 8 mm, every second one with disease. Fixed fractions are
fitted on all other of 400 people (leave one out) with the true top and bottom of the lungs: the best that a
rule without anatomy can do. ``--out`` writes reader.csv and levels.csv for 'ssc lung evaluate-levels'.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.io.volume import volume_from_array
from ssc_core.lung.pipeline import analyse
from ssc_core.phantoms.chest import Chest, Disease

SPACINGS = (2.0, 3.0, 4.0, 5.0, 8.0)
LEAST_GAIN_MM = 8.0
FRACTION_PEOPLE = 400  # their levels are known without rendering them


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=24)
    arguments.add_argument("--first", type=int, default=200)
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    rows = pd.DataFrame(
        row for i in range(given.people) for row in one(given.first + i, SPACINGS[i % 5], i % 2 == 1)
    )
    plain = fixed_fractions(given.first, max(FRACTION_PEOPLE, given.people))
    print(summary(rows, plain).to_string(float_format=lambda v: f"{v:.2f}"))
    for name, part in rows.groupby("band_mm_group"):
        print(f"{name}: {within(part):.2f} of {part['found'].notna().sum()} levels within their stated band")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        plain = rows[["patient", "level"]]
        for name, column in (("reader.csv", "truth"), ("levels.csv", "found")):
            slices = (rows[column] - rows["origin"]) / rows["dz"]
            plain.assign(z_mm=rows[column], slice=slices.round()).to_csv(given.out / name, index=False)


def one(seed: int, dz: float, ill: bool) -> list[dict[str, object]]:
    """Truth and finding of one person."""
    rng = np.random.default_rng(seed)
    disease = None
    if ill:
        gg, ret, dense = rng.uniform([0, 0, 0], [0.25, 0.2, 0.12])
        disease = Disease(gg, ret, dense, spread="mixed")
    phantom = Chest(seed, disease).render((dz, 2.5, 2.5), below_mm=float(rng.uniform(5, 90)))
    result = analyse(volume_from_array(phantom.hu, phantom.frame))
    return [
        {
            "patient": f"p{seed}",
            "level": level.number,
            "truth": phantom.levels_mm[level.number],
            "found": level.z_mm,
            "band": level.uncertainty_mm,
            "method": level.method.split(" ")[0],
            "dz": dz,
            "origin": phantom.frame.origin[0],
            "band_mm_group": "with disease" if ill else "healthy",
        }
        for level in result.levels
    ]


def fixed_fractions(first: int, people: int) -> np.ndarray:
    """Mean absolute error in mm per level of the mean fraction of all other people; nothing is rendered."""
    shares, heights = [], []
    for seed in range(first, first + people):
        person = Chest(seed)
        low, high = person.lung_range[0] + 3.0, person.lung_range[1]
        shares.append([(z - low) / (high - low) for z in person.levels().values()])
        heights.append(high - low)
    share = np.array(shares)
    others = (share.sum(axis=0) - share) / (people - 1)
    return np.asarray((np.abs(others - share) * np.array(heights)[:, None]).mean(axis=0))


def within(rows: pd.DataFrame) -> float:
    known = rows[rows["found"].notna()]
    return float(((known["found"] - known["truth"]).abs() <= known["band"]).mean())


def summary(rows: pd.DataFrame, plain: np.ndarray) -> pd.DataFrame:
    """Per level: errors, coverage of the band, gain over fixed fractions, whether it must say estimated."""
    out = []
    for level, part in rows.groupby("level"):
        error = (part["found"] - part["truth"]).abs()
        gain = plain[int(str(level)) - 1] - error.mean()
        found = (part["method"] == "found").mean() > 0.5
        out.append(
            {
                "level": level,
                "given": int(error.notna().sum()),
                "mae": error.mean(),
                "p90": error.quantile(0.9),
                "largest": error.max(),
                "bias": (part["found"] - part["truth"]).mean(),
                "within_band": within(part),
                "fixed_fraction_mae": plain[int(str(level)) - 1],
                "gain": gain,
                "label": "found" if found else "estimated",
                "label_is_right": "yes" if gain >= LEAST_GAIN_MM or not found else "NO: call it estimated",
            }
        )
    return pd.DataFrame(out).set_index("level")


if __name__ == "__main__":
    main()
