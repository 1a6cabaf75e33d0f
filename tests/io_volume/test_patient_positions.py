"""A marker lands at one place of the patient however the patient lay and whatever file holds the scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.io.store import read_mask
from ssc_core.io.volume import open_volume, write_nifti

X, Y = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
POSES = {  # row and column cosines of axial images (LPS): the image's bottom is what the patient lies on
    "HFS": (X, Y), "HFP": (-X, -Y), "HFDR": (Y, -X), "HFDL": (-Y, X),
    "FFS": (-X, Y), "FFP": (X, -Y), "FFDR": (-Y, -X), "FFDL": (Y, X),
}  # fmt: skip
FILES = ("series", "enhanced", "two enhanced files", "ct.nii", "ct.nii.gz", "ct.mha", "ct.nrrd")
MARKER = np.array([6.0, -9.0, 15.0])  # LPS x, y, z: left, front, towards the head


def scan(ct: Any, pose: str) -> Any:
    """A grid of even spacings around the origin, so that every pose covers the same ground."""
    row, column = POSES[pose]
    normal = np.cross(row, column)
    shape, spacing = (9, 15, 11), (5.0, 3.0, 3.0)
    half = [(n - 1) / 2 * d for n, d in zip(shape, spacing, strict=True)]
    corner = -half[0] * normal - half[1] * column - half[2] * row
    return ct.Grid(shape, spacing, tuple(corner), tuple(row), tuple(column))


def written(ct: Any, folder: Path, grid: Any, kind: str) -> Path:
    if kind == "series":
        ct.write_series(folder / "a", grid=grid, names=lambda k: f"{(k * 7) % 9}")
        return folder / "a"
    if kind == "enhanced":
        ct.write_enhanced(folder / "a.dcm", grid)
        return folder / "a.dcm"
    if kind == "two enhanced files":
        ct.write_enhanced(folder / "a.dcm", grid, only=[0, 2, 3, 7], uid="1.2.3")
        ct.write_enhanced(folder / "b.dcm", grid, only=[8, 1, 4, 5, 6], uid="1.2.3")
        return folder
    sitk.WriteImage(ct.itk_image(grid), str(folder / kind))
    return folder / kind


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("pose", POSES)
def test_a_marker_lies_at_its_place_and_survives_a_save(
    ct: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pose: str, kind: str
) -> None:
    def marked(xyz: np.ndarray) -> np.ndarray:
        return np.where(np.linalg.norm(xyz - MARKER, axis=-1) < 0.1, 1500.0, -100.0)

    monkeypatch.setattr(ct, "hu_at", marked)
    grid = scan(ct, pose)
    assert (grid.hu() == 1500).sum() == 1
    volume = open_volume(written(ct, tmp_path, grid, kind))
    (place,) = np.argwhere(volume.hu.compute() == 1500)
    np.testing.assert_allclose(volume.frame.to_physical(place)[::-1], MARKER, atol=1e-3)
    middle = (np.array(volume.shape) - 1) / 2
    assert np.array_equal(np.sign(place - middle), np.sign(MARKER[::-1]))  # up is the head, right is left

    mask = np.zeros(volume.shape, np.uint8)
    mask[tuple(place)] = 1
    write_nifti(tmp_path / "mask.nii.gz", mask, volume)
    saved = sitk.ReadImage(str(tmp_path / "mask.nii.gz"))
    (kji,) = np.argwhere(sitk.GetArrayViewFromImage(saved))
    np.testing.assert_allclose(saved.TransformIndexToPhysicalPoint(kji[::-1].tolist()), MARKER, atol=1e-3)
    in_file = np.argwhere(grid.hu() == 1500)[0]
    assert np.array_equal(kji, in_file)  # the very voxel of the file
    assert np.array_equal(volume.to_stored(mask), np.where(grid.hu() == 1500, 1, 0))
    assert np.array_equal(read_mask(tmp_path / "mask.nii.gz", volume), mask)


def test_frames_of_several_files_keep_their_own_intercepts(ct: Any, tmp_path: Path) -> None:
    grid = ct.Grid()
    intercepts = [-1024.0 + 5 * k for k in range(9)]
    ct.write_enhanced(tmp_path / "a", grid, intercepts=intercepts, only=[0, 2, 4, 6, 8], uid="1.2.3")
    ct.write_enhanced(tmp_path / "b", grid, intercepts=intercepts, only=[1, 3, 5, 7], uid="1.2.3")
    volume = open_volume(tmp_path)
    ct.assert_in_place(volume)
    assert volume.kind == "DICOM series of 2 files"
    assert np.array_equal(volume.hu[4].compute(), volume.hu.compute()[4])
