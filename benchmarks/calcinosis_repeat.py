"""Smallest detectable change of a finger's calcinosis area: the same fingers imaged again and again.

Run: ``python benchmarks/calcinosis_repeat.py [--fingers 5] [--first-seed 8400]``. Each finger is imaged six
times: as it is, turned by 6 and -8 degrees, with more and less noise, and with a thicker slab. Printed is
1.96 x sqrt 2 x SD of the total area within the fingers, with the true area of each image taken off (a thicker
slab holds another section of the same deposits).
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.io.image import FingerImage
from ssc_core.phantoms.finger import drawn_spec, make_image

AGAIN: dict[str, dict[str, float]] = {
    "as it is": {},
    "turned by 6": {"angle_deg": 6.0},
    "turned by -8": {"angle_deg": -8.0},
    "noise 8": {"noise_hu": 8.0},
    "noise 28": {"noise_hu": 28.0},
    "slab 0.8": {"slab_mm": 0.8},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fingers", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=8400)
    parser.add_argument("--engine", default=CalcinosisParams().engine)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for seed in range(given.first_seed, given.first_seed + given.fingers):
        spec = drawn_spec(seed, cut="none", angle_deg=0.0, noise_hu=18.0, slab_mm=0.5)
        for name, change in AGAIN.items():
            phantom = make_image(replace(spec, **change))
            image = FingerImage(phantom.hu, phantom.frame, np.zeros(phantom.hu.shape, bool), 1.0, "phantom")
            result = analyse(image, CalcinosisParams(engine=given.engine))
            got = result.measurements["total_area"].value
            rows.append({"seed": seed, "image": name, "true": phantom.table.area_mm2.sum(), "got": got})
    table = pd.DataFrame(rows)
    print(table.pivot(index="seed", columns="image", values="got")[list(AGAIN)].round(2).to_string())
    error = table.got - table.true
    within = error.groupby(table.seed).var(ddof=1).mean()
    print(f"mean area {table.true.mean():.1f} mm2, bias {error.mean():+.2f} mm2")
    print(f"smallest detectable change {1.96 * np.sqrt(2 * within):.2f} mm2")


if __name__ == "__main__":
    main()
