"""Real series: two formats of one scan agree, a second reader agrees, single slices are no volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.errors import ChoiceNeeded, GeometryError
from ssc_core.io.store import read_mask
from ssc_core.io.volume import check_hu, open_volume

EXPECTED = {
    "cptac_chest": ((102, 512, 512), (3.0, 0.8828125, 0.8828125), "B40f"),
    "lung_pet_ct_chest": ((30, 512, 512), (8.0, 0.646484375, 0.646484375), "B40f"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_series_agree_with_simpleitks_reader(unpacked: dict[str, Path], name: str) -> None:
    shape, spacing, kernel = EXPECTED[name]
    volume = open_volume(unpacked[name])
    assert volume.shape == shape
    assert volume.frame.spacing == spacing
    assert volume.header["kernel"] == kernel
    assert volume.warnings == ()
    assert check_hu(volume) == ()
    folder = volume.files[0].parent
    files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    theirs = sitk.ReadImage(files)
    array, geometry = volume.to_source(volume.hu)
    assert np.array_equal(array, sitk.GetArrayViewFromImage(theirs))
    np.testing.assert_allclose(geometry.origin, theirs.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(geometry.spacing, theirs.GetSpacing(), rtol=1e-6)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_derived_nifti_lies_where_the_series_lies(
    unpacked: dict[str, Path], real_data: Path, name: str
) -> None:
    volume = open_volume(unpacked[name])
    (derived,) = (real_data / "ct" / name).glob("derived_*.nii.gz")
    half = open_volume(derived)
    z = volume.shape[0] // 2
    mean = volume.hu[z].compute().reshape(256, 2, 256, 2).mean(axis=(1, 3))
    assert np.abs(half.hu[z].compute() - mean).max() <= 1.0
    np.testing.assert_allclose(
        half.frame.to_physical((z, 10, 20)), volume.frame.to_physical((z, 20.5, 40.5)), atol=0.01
    )


def test_one_scan_as_dicom_and_as_nrrd(real_data: Path) -> None:
    folder = real_data / "ct" / "cip64"
    dicom, nrrd = open_volume(folder / "ct-64Dicom"), open_volume(folder / "ct-64.nrrd")
    assert np.array_equal(dicom.hu.compute(), nrrd.hu.compute())
    assert dicom.frame.same_as(nrrd.frame)
    labels = read_mask(folder / "lm-64.nrrd", dicom)
    lung = labels & 255
    assert set(np.unique(lung)) >= {9, 10, 11, 12, 13, 14}
    # label 12-14 is the right lung, which lies at small x; 9 and 12 are the upper thirds, at large z
    place = {value: np.argwhere(lung == value).mean(axis=0) for value in (9, 11, 12, 14)}
    assert place[12][2] < place[9][2]
    assert place[9][0] > place[11][0]
    assert dicom.hu.compute()[np.isin(lung, range(9, 15))].mean() < -700


def test_single_slices_are_refused_as_a_volume(real_data: Path) -> None:
    folder = real_data / "ct" / "sbu_covid"
    with pytest.raises(ChoiceNeeded, match="one slice only"):
        open_volume(folder)
    for file in sorted(folder.glob("*.dcm")):
        with pytest.raises(GeometryError, match="only one slice"):
            open_volume(file)
        volume = open_volume(file, allow_single=True)
        assert volume.shape == (1, 512, 512)
        assert all("metal" in warning for warning in check_hu(volume))


def test_padding_of_real_slices_is_outside(real_data: Path) -> None:
    shares: dict[str, Any] = {}
    for file in sorted((real_data / "ct" / "sbu_covid").glob("*.dcm")):
        volume = open_volume(file, allow_single=True)
        hu, outside = volume.hu.compute(), volume.outside.compute()
        shares[file.stem] = outside.mean()
        assert hu[~outside].min() > -1300
        assert not outside[0, 200:312, 200:312].any()  # never in the middle of the body
    # the corners of a round field, 1 - pi / 4 of the square, declared as padding in five files of the six
    assert all(0.2 < share < 0.23 for share in shares.values())
