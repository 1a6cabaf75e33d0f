"""Volumes of synthetic fingers: errors by size, smallest detectable change, and the 2-D method on them.

Run: ``python benchmarks/calcinosis_volumes.py FOLDER [--fingers 3] [--first-seed 77000] [--minutes 9]``.
Each finger is scanned several times: turned, noisier, with thicker slices. The smallest detectable change is
1.96 x sqrt 2 x SD of the same finger's volume. The sagittal image laid through each volume is compared with
the one of the same finger that was rendered directly, both measured by the 2-D method. Finished scans are
kept in FOLDER (``scans.csv``, ``lesions.csv``); run again, it goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.solid.pipeline import analyse_volume
from ssc_core.calcinosis.solid.reformat import sagittal_table
from ssc_core.calcinosis.solid.results import SolidResult
from ssc_core.io.image import FingerImage
from ssc_core.phantoms.finger import FingerPhantom, FingerSpec, drawn_spec, make_image, make_volume

SCANS: dict[str, dict[str, Any]] = {
    "as is": {},
    "turned 9 degrees": {"angle_deg": 9.0},
    "noise 28 HU": {"noise_hu": 28.0},
    "slices of 0.8 mm": {"slab_mm": 0.8},
    "slices of 1.0 mm": {"slab_mm": 1.0},
}
WIDTH_MM = 14.0
BY_VOXELS = ([0, 200, 1000, 1e9], ["under 200", "200-1000", "over 1000"])


def spec_of(seed: int) -> FingerSpec:
    """A finger with three deposits; what is beyond the first and the last bone is not scanned."""
    return drawn_spec(
        seed, cut="both", areas_mm2=(25.0, 9.0, 4.0), touching=(False, True, False), spacing_mm=(0.4, 0.4),
        psf_mm=0.28, noise_hu=15.0, slab_mm=0.5, angle_deg=0.0,
    )  # fmt: skip


def measured(spec: FingerSpec, params: CalcinosisParams) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One scan: true and measured volume, areas of the sagittal images; and one row per deposit."""
    phantom = make_volume(spec, width_mm=WIDTH_MM)
    result = analyse_volume(phantom.hu, phantom.frame, params)
    table, _ = sagittal_table(phantom.hu, result, params)
    flat = make_image(dataclasses.replace(spec, slab_mm=0.5))
    nothing = np.zeros(flat.hu.shape, bool)
    direct = analyse(FingerImage(flat.hu, flat.frame, nothing, 1.0, "phantom"), params)
    whole = {
        "true_mm3": phantom.table.volume_mm3.sum(),
        "mm3": result.measurements["total_volume"].value,
        "lesions": len(result.lesions),
        "deposits": len(phantom.table),
        "bones": dice(result.bone_labels > 0, phantom.bones > 0),
        "phalanges": " ".join(result.bones.phalanx.str.split().str[0]),
        "true_mm2": flat.table.area_mm2.sum(),
        "sagittal_mm2": table.area_mm2.sum(),
        "direct_mm2": direct.measurements["total_area"].value,
    }
    return whole, list(pairs(phantom, result))


def dice(a: Any, b: Any) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def pairs(phantom: FingerPhantom, result: SolidResult) -> Iterator[dict[str, Any]]:
    """Each true deposit with the lesion that covers most of it, if one does."""
    for row in phantom.table.itertuples():
        here = phantom.lesions == row.label
        met = np.bincount(result.lesion_labels[here]) if here.any() else np.zeros(1, int)
        label = int(met[1:].argmax()) + 1 if met[1:].any() else 0
        found = result.lesions[result.lesions.label == label]
        yield {
            "true_mm3": row.volume_mm3,
            "voxels": row.volume_mm3 / phantom.frame.pixel_size,
            "on_bone": row.touches_bone,
            "border": row.touches_border,
            "mm3": float(found.volume_mm3.iloc[0]) if len(found) else np.nan,
            "low": float(found.low.iloc[0]) if len(found) else np.nan,
            "high": float(found.high.iloc[0]) if len(found) else np.nan,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fingers", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=77_000)
    parser.add_argument("--minutes", type=float, default=9.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    paths = [given.folder / f"{n}.csv" for n in ("scans", "lesions")]
    rows, deposits = (pd.read_csv(p).to_dict("records") if p.exists() else [] for p in paths)
    done = {(r["seed"], r["scan"]) for r in rows}
    until = time.monotonic() + 60 * given.minutes
    for seed in range(given.first_seed, given.first_seed + given.fingers):
        for scan, other in SCANS.items():
            if (seed, scan) in done or time.monotonic() > until:
                continue
            whole, single = measured(dataclasses.replace(spec_of(seed), **other), CalcinosisParams())
            rows.append({"seed": seed, "scan": scan, **whole})
            deposits += [{"seed": seed, "scan": scan, **one} for one in single]
            for path, table in zip(paths, (rows, deposits), strict=True):
                pd.DataFrame(table).to_csv(path, index=False)
    told(pd.DataFrame(rows), pd.DataFrame(deposits))


def told(scans: pd.DataFrame, deposits: pd.DataFrame) -> None:
    print(scans.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    inner = deposits[~deposits.border.astype(bool)].copy()
    inner["size"] = pd.cut(inner.voxels, BY_VOXELS[0], labels=BY_VOXELS[1])
    inner["error"] = 100 * (inner.mm3 / inner.true_mm3 - 1)
    inner["inside"] = (inner.low <= inner.true_mm3) & (inner.true_mm3 <= inner.high)
    print("\nVolumes by size:")
    for (size, on_bone), group in inner.groupby(["size", "on_bone"], observed=True):
        print(
            f"{size} voxels, {'on bone' if on_bone else 'free'}: n {len(group)}, found"
            f" {int(group.mm3.notna().sum())}, mean {group.error.mean():.1f} %, mean absolute"
            f" {group.error.abs().mean():.1f} %, largest {group.error.abs().max():.1f} %, true volume in the"
            f" interval {100 * group.inside.mean():.0f} %"
        )
    error = 100 * (scans.mm3 / scans.true_mm3 - 1)
    print(
        f"\nscans: {len(scans)} of {scans.seed.nunique()} fingers; bones' Dice lowest {scans.bones.min():.3f}"
    )
    print(f"volume of a finger: mean error {error.mean():.1f} %, largest {error.abs().max():.1f} %")
    kinds = {
        "all scans": list(SCANS),
        "pose and noise": list(SCANS)[:3],
        "slices": ["as is", *list(SCANS)[3:]],
    }
    for name, kind in kinds.items():
        spread = scans[scans.scan.isin(kind)].groupby("seed").mm3.std() ** 2
        change = 1.96 * math.sqrt(2) * math.sqrt(float(spread.mean()))
        print(f"smallest detectable change, {name}: {change:.2f} mm3 of {scans.true_mm3.mean():.0f}")
    bias = scans.sagittal_mm2 - scans.direct_mm2
    print(f"sagittal minus direct area: {bias.mean():.2f} mm2, SD {bias.std():.2f}")


if __name__ == "__main__":
    main()
