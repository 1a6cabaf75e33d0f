"""Volumes of synthetic fingers: smallest detectable change, and the 2-D method on them.

Run: ``python benchmarks/calcinosis_volumes.py FOLDER [--fingers 2] [--first-seed 8600]``. Each finger is
scanned several times: turned, noisier, with thicker slices. The smallest detectable change is 1.96 x sqrt 2 x
SD of the same finger's volume. The sagittal image laid through each volume is compared with the one of the
same finger that was rendered directly, both measured by the 2-D method. Finished scans are kept in FOLDER.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.solid.pipeline import analyse_volume
from ssc_core.calcinosis.solid.reformat import sagittal_table
from ssc_core.io.image import FingerImage
from ssc_core.phantoms.finger import FingerSpec, drawn_spec, make_image, make_volume

SCANS: dict[str, dict[str, Any]] = {
    "as is": {},
    "turned 9 degrees": {"angle_deg": 9.0},
    "noise 28 HU": {"noise_hu": 28.0},
    "slices of 0.8 mm": {"slab_mm": 0.8},
    "slices of 1.0 mm": {"slab_mm": 1.0},
}
WIDTH_MM = 14.0


def spec_of(seed: int) -> FingerSpec:
    """A finger with three deposits; what is beyond the first and the last bone is not scanned."""
    return drawn_spec(
        seed, cut="both", areas_mm2=(25.0, 9.0, 4.0), touching=(False, True, False), spacing_mm=(0.4, 0.4),
        psf_mm=0.28, noise_hu=15.0, slab_mm=0.5, angle_deg=0.0,
    )  # fmt: skip


def measured(spec: FingerSpec, params: CalcinosisParams) -> dict[str, Any]:
    """One scan: true and measured volume, and areas of the sagittal images."""
    phantom = make_volume(spec, width_mm=WIDTH_MM)
    result = analyse_volume(phantom.hu, phantom.frame, params)
    table, _ = sagittal_table(phantom.hu, result, params)
    flat = make_image(dataclasses.replace(spec, slab_mm=0.5))
    nothing = np.zeros(flat.hu.shape, bool)
    direct = analyse(FingerImage(flat.hu, flat.frame, nothing, 1.0, "phantom"), params)
    numbers = result.bones.phalanx.str.split().str[0]
    return {
        "true_mm3": phantom.table.volume_mm3.sum(),
        "mm3": result.measurements["total_volume"].value,
        "lesions": len(result.lesions),
        "deposits": len(phantom.table),
        "phalanges": " ".join(numbers),
        "true_mm2": flat.table.area_mm2.sum(),
        "sagittal_mm2": table.area_mm2.sum(),
        "direct_mm2": direct.measurements["total_area"].value,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fingers", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=8600)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    path = given.folder / "scans.csv"
    rows = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {(r["seed"], r["scan"]) for r in rows}
    for seed in range(given.first_seed, given.first_seed + given.fingers):
        for scan, other in SCANS.items():
            if (seed, scan) in done:
                continue
            row = measured(dataclasses.replace(spec_of(seed), **other), CalcinosisParams())
            rows.append({"seed": seed, "scan": scan, **row})
            pd.DataFrame(rows).to_csv(path, index=False)
            print({k: round(v, 2) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    table = pd.DataFrame(rows)
    error = 100 * (table.mm3 / table.true_mm3 - 1)
    spread = table.groupby("seed")
    change = 1.96 * math.sqrt(2) * math.sqrt(float((spread.mm3.std() ** 2).mean()))
    bias = table.sagittal_mm2 - table.direct_mm2
    print(f"scans: {len(table)} of {table.seed.nunique()} fingers")
    print(f"volume: mean error {error.mean():.1f} %, largest {error.abs().max():.1f} %")
    print(f"smallest detectable change of a finger's volume: {change:.2f} mm3 of {table.true_mm3.mean():.0f}")
    print(f"sagittal minus direct area: {bias.mean():.2f} mm2, SD {bias.std():.2f}")


if __name__ == "__main__":
    main()
