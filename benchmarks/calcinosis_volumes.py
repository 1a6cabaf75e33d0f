"""Volumes of synthetic fingers: errors by size, smallest detectable change, and the 2-D method on them.

Run: ``python benchmarks/calcinosis_volumes.py FOLDER [--fingers 8] [--first-seed 77100] [--minutes 9]``.
Each finger is scanned several times: turned, noisier, with other kernels, with thicker slices. The smallest
detectable change is 1.96 x sqrt 2 x SD of the same finger's volume, measured minus true, because a turned or
finer view may show more or less of a deposit at its border. The sagittal image laid through the first scan is
compared with the one of the same finger that was rendered directly, both measured by the 2-D method.
Finished scans are kept in FOLDER (``scans.csv``, ``lesions.csv``); run again, it goes on.
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
    "sharp kernel": {"psf_mm": 0.22, "noise_hu": 22.0},
    "soft kernel": {"psf_mm": 0.36, "noise_hu": 10.0},
    "slices of 0.4 mm, pixels of 0.3 mm": {"slab_mm": 0.4, "spacing_mm": (0.3, 0.3)},
    "slices of 0.8 mm": {"slab_mm": 0.8},
    "slices of 1.0 mm": {"slab_mm": 1.0},
}
DEPOSITS: tuple[tuple[tuple[float, ...], tuple[bool, ...]], ...] = (  # sagittal mm2; whether it lies on bone
    ((30.0, 11.0, 5.0, 1.8), (True, True, False, False)),
    ((24.0, 9.0, 4.0, 1.8), (True, False, True, False)),
    ((40.0, 8.0, 5.0, 1.8), (True, True, True, False)),
    ((20.0, 12.0, 4.0, 1.8), (False, True, True, True)),
)
WIDTH_MM = 14.0
BY_VOXELS = ([0, 50, 200, 1000, 1e9], ["under 50", "50-200", "200-1000", "over 1000"])
BY_MM = ([0, 1, 2, 100], ["under 1 mm", "1-2 mm", "from 2 mm"])


def spec_of(seed: int) -> FingerSpec:
    """A finger with four deposits; what is beyond the first and the last bone is not scanned."""
    areas, touching = DEPOSITS[seed % len(DEPOSITS)]
    return drawn_spec(
        seed, cut="both", areas_mm2=areas, touching=touching, spacing_mm=(0.4, 0.4),
        psf_mm=0.28, noise_hu=15.0, slab_mm=0.5, angle_deg=0.0,
    )  # fmt: skip


def measured(
    spec: FingerSpec, params: CalcinosisParams, *, flat: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One scan: true and measured volume, areas of the sagittal images if `flat`; and one row per deposit."""
    phantom = make_volume(spec, width_mm=WIDTH_MM)
    begin = time.process_time()
    result = analyse_volume(phantom.hu, phantom.frame, params)
    seconds = time.process_time() - begin
    deposits = list(pairs(phantom, result))
    false = [k for k in result.lesions.label if not (phantom.lesions[result.lesion_labels == k] > 0).any()]
    whole = {
        "true_mm3": phantom.table.volume_mm3.sum(),
        "mm3": result.measurements["total_volume"].value,
        "deposits": len(phantom.table),
        "false": len(false),
        "false_mm3": result.lesions[result.lesions.label.isin(false)].volume_mm3.sum(),
        "bones": dice(result.bone_labels > 0, phantom.bones > 0),
        "phalanges": " ".join(result.bones.phalanx.str.split().str[0]),
        "seconds": seconds,
    }
    return {**whole, **(sagittal_areas(phantom, result, params) if flat else {})}, deposits


def sagittal_areas(phantom: FingerPhantom, result: SolidResult, params: CalcinosisParams) -> dict[str, Any]:
    """The 2-D method on an image laid through the volume, and on one rendered directly."""
    table, _ = sagittal_table(phantom.hu, result, params)
    flat = make_image(dataclasses.replace(phantom.spec, slab_mm=0.5))
    nothing = np.zeros(flat.hu.shape, bool)
    direct = analyse(FingerImage(flat.hu, flat.frame, nothing, 1.0, "phantom"), params)
    return {
        "true_mm2": flat.table.area_mm2.sum(),
        "sagittal_mm2": table.area_mm2.sum(),
        "direct_mm2": direct.measurements["total_area"].value,
    }


def dice(a: Any, b: Any) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def pairs(phantom: FingerPhantom, result: SolidResult) -> Iterator[dict[str, Any]]:
    """Each true deposit with the lesion that covers most of it, if one does."""
    for row in phantom.table.itertuples():
        here = phantom.lesions == row.label
        label = most(result.lesion_labels[here])
        found = result.lesions[result.lesions.label == label]
        other = most(result.left_out_labels[here]) if not label else 0
        yield {
            "true_mm3": row.volume_mm3,
            "voxels": row.volume_mm3 / phantom.frame.pixel_size,
            "on_bone": row.touches_bone,
            "border": row.touches_border,
            "mm3": float(found.volume_mm3.iloc[0]) if len(found) else np.nan,
            "low": float(found.low.iloc[0]) if len(found) else np.nan,
            "high": float(found.high.iloc[0]) if len(found) else np.nan,
            "left_out": other > 0,
        }


def most(labels: Any) -> int:
    """The label that most of these voxels have; 0 if none has one."""
    met = np.bincount(labels) if len(labels) else np.zeros(1, int)
    return int(met[1:].argmax()) + 1 if met[1:].any() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fingers", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=77_100)
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
            spec = dataclasses.replace(spec_of(seed), **other)
            whole, single = measured(spec, CalcinosisParams(), flat=scan == "as is")
            rows.append({"seed": seed, "scan": scan, **whole})
            deposits += [{"seed": seed, "scan": scan, **one} for one in single]
            for path, table in zip(paths, (rows, deposits), strict=True):
                pd.DataFrame(table).to_csv(path, index=False)
    told(pd.DataFrame(rows), pd.DataFrame(deposits))


def told(scans: pd.DataFrame, deposits: pd.DataFrame) -> None:
    print(scans.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    inner = deposits[~deposits.border.astype(bool)].copy()
    inner["size"] = pd.cut(inner.voxels, BY_VOXELS[0], labels=BY_VOXELS[1])
    inner["diameter"] = pd.cut((6 * inner.true_mm3 / math.pi) ** (1 / 3), BY_MM[0], labels=BY_MM[1])
    inner["error"] = 100 * (inner.mm3 / inner.true_mm3 - 1)
    inner["inside"] = (inner.low <= inner.true_mm3) & (inner.true_mm3 <= inner.high)
    for name in ("size", "diameter"):
        print(f"\nVolumes by {name}:")
        for (size, on_bone), group in inner.groupby([name, "on_bone"], observed=True):
            print(f"{size}, {'on bone' if on_bone else 'free'}: {line_of(group)}")
    print("\nBy scan, from 200 voxels:")
    for (scan, on_bone), group in inner[inner.voxels >= 200].groupby(["scan", "on_bone"], sort=False):
        print(f"{scan}, {'on bone' if on_bone else 'free'}: {line_of(group)}")
    error = 100 * (scans.mm3 / scans.true_mm3 - 1)
    print(f"\nscans: {len(scans)} of {scans.seed.nunique()} fingers, {scans.seconds.mean():.1f} s each")
    print(f"bones' Dice: mean {scans.bones.mean():.3f}, lowest {scans.bones.min():.3f}")
    print(f"volume of a finger: mean error {error.mean():.1f} %, largest {error.abs().max():.1f} %")
    for scan, group in scans.groupby("scan", sort=False):
        print(f"false lesions, {scan}: {group.false.sum()} in {len(group)}, {group.false_mm3.sum():.1f} mm3")
    kinds = {
        "all scans": list(SCANS),
        "pose, noise, kernel": list(SCANS)[:5],
        "slices": ["as is", *list(SCANS)[5:]],
    }
    for name, kind in kinds.items():
        here = scans[scans.scan.isin(kind)]
        spread = (here.mm3 - here.true_mm3).groupby(here.seed).std() ** 2
        change = 1.96 * math.sqrt(2) * math.sqrt(float(spread.mean()))
        most = 1.96 * math.sqrt(2) * math.sqrt(float(spread.max()))
        print(
            f"smallest detectable change, {name}: {change:.1f} mm3 of {scans.true_mm3.mean():.0f};"
            f" worst finger {most:.1f} mm3"
        )
    flat = scans.dropna(subset=["direct_mm2"])
    bias = flat.sagittal_mm2 - flat.direct_mm2
    print(
        f"sagittal minus direct area, {len(flat)} fingers: {bias.mean():.2f} mm2, SD {bias.std():.2f}, of"
        f" {flat.true_mm2.mean():.0f} mm2"
    )


def line_of(group: pd.DataFrame) -> str:
    """Count, found, errors and the share whose interval holds the true volume (missed ones do not)."""
    return (
        f"n {len(group)}, found {int(group.mm3.notna().sum())} (left out {int(group.left_out.sum())}), mean"
        f" {group.error.mean():.1f} %, mean absolute {group.error.abs().mean():.1f} %, largest"
        f" {group.error.abs().max():.1f} %, in the interval {100 * group.inside.mean():.0f} %"
    )


if __name__ == "__main__":
    main()
