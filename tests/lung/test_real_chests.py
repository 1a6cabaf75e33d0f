"""The real CTs: lungs against a drawn label map, levels against readings by eye within their tolerance."""

from __future__ import annotations

import csv
import tarfile

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.io.volume import open_volume
from ssc_core.lung.pipeline import analyse

COLUMNS = {
    1: "level1_top_of_arch_great_vessels",
    2: "level2_carina",
    3: "level3_pulm_venous_confluence",
    5: "level5_dome_plus_10mm",
}


def readings(folder, start):
    with (folder / "LEVELS_approx.csv").open(newline="") as file:
        return next(row for row in csv.DictReader(file) if row["file"].startswith(start))


def check_levels(result, row):
    dz = float(row["z_spacing_mm"])
    tolerance = {1: 12.0, 2: max(dz, 5.0), 3: 18.0, 5: 7.0}
    origin = result.frame.to_physical([0.0, *[(n - 1) / 2 for n in result.mask.shape[1:]]])[0]
    for number, column in COLUMNS.items():
        expected = origin + float(row[column]) * dz
        assert abs(result.levels[number - 1].z_mm - expected) <= tolerance[number], number


def test_low_resolution_chest_against_its_label_map(real_ct, overlap):
    image = open_volume(real_ct / "cip64" / "ct-64.nrrd")
    result = analyse(image)
    drawn = sitk.GetArrayFromImage(sitk.ReadImage(str(real_ct / "cip64" / "lm-64.nrrd")))
    region, kind = drawn & 255, drawn >> 8
    lung = ((region >= 9) & (region <= 14)) | (kind == 3)
    mask, _ = image.to_source(result.mask)
    assert overlap((mask == 1) | (mask == 2), lung) >= 0.96
    assert overlap(mask == 1, region >= 12) >= 0.95
    assert overlap(mask == 2, (region >= 9) & (region <= 11)) >= 0.95
    check_levels(result, readings(real_ct, "cip64"))


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("cptac_chest", "derived_256x256x102.nii.gz"),
        ("lung_pet_ct_chest", "derived_256x256x30.nii.gz"),
    ],
)
def test_levels_of_clinical_chests(real_ct, folder, file):
    result = analyse(open_volume(real_ct / folder / file))
    check_levels(result, readings(real_ct, folder))
    assert 2000 < result.measurements["lung_volume"].value < 5000


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["lung_pet_ct_chest", "cptac_chest"])
def test_full_resolution_dicom_agrees_with_its_small_copy(real_ct, folder, tmp_path):
    archive = next((real_ct / folder).glob("*.tar.xz"))
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    full = analyse(open_volume(tmp_path))
    small = analyse(open_volume(next((real_ct / folder).glob("derived*.nii.gz"))))
    check_levels(full, readings(real_ct, folder))
    for name in ("right_lung_volume", "left_lung_volume"):
        assert full.measurements[name].value == pytest.approx(small.measurements[name].value, rel=0.02)
    twice = np.kron(small.mask, np.ones((1, 2, 2), np.uint8))
    assert 2 * ((twice == 1) & (full.mask == 1)).sum() / ((twice == 1).sum() + (full.mask == 1).sum()) > 0.98
