"""Two tiny CTs whose levels are known, and a manifest of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = []
    for number in (1, 2):
        volume = np.full((60, 48, 48), -850, np.int16)
        volume += np.arange(60, dtype=np.int16)[:, None, None]  # the slice's number is in its HU
        image = sitk.GetImageFromArray(volume)
        image.SetSpacing((0.7, 0.7, 2.0))
        image.SetOrigin((-16.0, -16.0, -100.0))
        sitk.WriteImage(image, str(tmp_path / f"ct{number}.nii.gz"))
        levels = pd.DataFrame({"level": range(1, 6), "z_mm": [10.0, -10.0, -30.0, -50.0, -70.0]})
        levels.to_csv(tmp_path / f"levels{number}.csv", index=False)
        rows.append({"case_id": f"case-{number}", "patient": f"p{number}", "ct": f"ct{number}.nii.gz",
                     "levels": f"levels{number}.csv"})  # fmt: skip
    path = tmp_path / "cases.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path
