"""A voxel lies where its slice says, however the series was written; what cannot be trusted is refused."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.errors import ChoiceNeeded, EmptyError, GeometryError, InputError, ScaleUnknown
from ssc_core.io.store import read_mask
from ssc_core.io.volume import list_series, open_volume, write_nifti

ROTATIONS = {
    f"rows {'-+'[s > 0]}{'xyz'[a]} columns {'-+'[t > 0]}{'xyz'[b]}": (np.eye(3)[a] * s, np.eye(3)[b] * t)
    for a, b in itertools.permutations(range(3), 2)
    for s, t in itertools.product((1, -1), repeat=2)
}
TILTED = {
    "oblique 12 degrees": ((np.cos(0.21), np.sin(0.21), 0.0), (-np.sin(0.21), np.cos(0.21), 0.0)),
    "oblique in two planes": ((0.96, 0.0, 0.28), (0.0784, 0.96, -0.2688)),
}


@pytest.mark.parametrize("name", [*ROTATIONS, *TILTED])
def test_every_voxel_lies_in_its_place_and_goes_back(ct: Any, tmp_path: Path, name: str) -> None:
    row, column = (ROTATIONS | TILTED)[name]
    grid = ct.Grid(row=tuple(map(float, row)), column=tuple(map(float, column)))
    ct.write_series(tmp_path / "ct", grid=grid)
    volume = open_volume(tmp_path / "ct")
    ct.assert_in_place(volume)

    # a marker saved in the source's frame lies at the same place of the patient for a program that uses ITK
    marker = np.zeros(volume.shape, np.uint8)
    marker[2, 3, 1] = 1
    write_nifti(tmp_path / "marker.nii.gz", marker, volume)
    image = sitk.ReadImage(str(tmp_path / "marker.nii.gz"))
    assert image.GetSize() == grid.shape[::-1]
    kji = np.argwhere(sitk.GetArrayViewFromImage(image))
    assert len(kji) == 1
    xyz = image.TransformIndexToPhysicalPoint(kji[0][::-1].tolist())
    np.testing.assert_allclose(xyz, volume.frame.to_physical((2, 3, 1))[::-1], atol=1e-3)
    np.testing.assert_allclose(xyz, grid.positions()[tuple(kji[0])], atol=1e-3)
    assert np.array_equal(read_mask(tmp_path / "marker.nii.gz", volume), marker)


def test_simpleitks_own_series_reader_agrees(ct: Any, tmp_path: Path) -> None:
    row, column = TILTED["oblique in two planes"]
    files = ct.write_series(tmp_path, grid=ct.Grid(row=row, column=column))
    theirs = sitk.ReadImage([str(f) for f in files])
    volume = open_volume(tmp_path)
    array, geometry = volume.to_source(volume.hu)
    assert np.array_equal(array, sitk.GetArrayFromImage(theirs))
    np.testing.assert_allclose(geometry.spacing, theirs.GetSpacing(), rtol=1e-6)
    np.testing.assert_allclose(geometry.origin, theirs.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(geometry.direction, theirs.GetDirection(), atol=1e-6)


@pytest.mark.parametrize(
    "oddity",
    [
        {"names": lambda k: f"{(k * 7) % 9:04d}"},
        {"names": lambda k: f"IM{99 - k}.ima"},
        {"tags": {"InstanceNumber": lambda k: 100 - k}},
        {"tags": {"InstanceNumber": 1, "SliceLocation": lambda k: -3.0 * k, "SpacingBetweenSlices": 55.0}},
    ],
    ids=["shuffled names without ending", "reversed names", "reversed InstanceNumber", "misleading tags"],
)
def test_names_and_numbers_play_no_part(ct: Any, tmp_path: Path, oddity: dict[str, Any]) -> None:
    ct.write_series(tmp_path, **oddity)
    volume = open_volume(tmp_path)
    ct.assert_in_place(volume)
    assert volume.frame.spacing == (3.0, 1.5, 1.25)  # SliceThickness says 99


def test_slices_in_subfolders_beside_other_files(ct: Any, tmp_path: Path) -> None:
    files = ct.write_series(tmp_path / "a")
    (tmp_path / "b" / "c").mkdir(parents=True)
    for file in files[::2]:
        file.rename(tmp_path / "b" / "c" / file.name)
    (tmp_path / "notes.txt").write_text("no image")
    ct.assert_in_place(open_volume(tmp_path))


def test_positions_rounded_to_one_decimal_are_even_enough(ct: Any, tmp_path: Path) -> None:
    grid = ct.Grid(shape=(40, 6, 5), spacing=(0.625, 1.0, 1.0))
    files = ct.write_series(tmp_path, grid=grid)
    for k, file in enumerate(files):
        ct.edit(file, ImagePositionPatient=[*grid.origin[:2], round(grid.origin[2] + 0.625 * k, 1)])
    assert open_volume(tmp_path).frame.spacing[0] == pytest.approx(0.625, abs=0.002)


def moved(ct: Any, files: list[Path], place: Any) -> None:
    for k, file in enumerate(files):
        ct.edit(file, ImagePositionPatient=[float(v) for v in place(k)])


SHEAR = np.tan(np.radians(40))
REFUSED = {
    "1 slice is missing: between ZZNAME_003.dcm and ZZNAME_005.dcm 3.00 mm were expected and 6.00 mm found": (
        lambda ct, files: files[4].unlink()
    ),
    "3 slices are missing: between ZZNAME_002.dcm and ZZNAME_006.dcm": (
        lambda ct, files: [files[k].unlink() for k in (3, 4, 5)]
    ),
    "uneven: between ZZNAME_003.dcm and ZZNAME_004.dcm 3.00 mm were expected and 2.00 mm found": (
        lambda ct, files: ct.edit(files[4], ImagePositionPatient=[-8.0, -12.0, -9.0])
    ),
    "copy.dcm lie at the same position; remove one": (
        lambda ct, files: shutil.copy(files[4], files[4].with_name("copy.dcm"))
    ),
    "9 slices lie on top of others": (
        lambda ct, files: [shutil.copy(f, f.with_name(f"B{f.name}")) for f in files]
    ),
    "changes within the series (mostly": (
        lambda ct, files: moved(ct, files, lambda k: (-8, -12, 3 * min(k, 4) + 6 * max(k - 4, 0)))
    ),
    "mixes pixel spacings: ZZNAME_002": lambda ct, files: ct.edit(files[2], PixelSpacing=[1.5, 1.3]),
    "mixes orientations: ZZNAME_002": (
        lambda ct, files: ct.edit(files[2], ImageOrientationPatient=[1, 0, 0, 0, 0, 1])
    ),
    "mixes frames of reference: ZZNAME_002": lambda ct, files: ct.edit(files[2], FrameOfReferenceUID="1.2.3"),
    "sheared by 40.0 degrees, more than a gantry tilts: from ZZNAME_000.dcm to ZZNAME_008.dcm": (
        lambda ct, files: moved(ct, files, lambda k: (-8, -12 + 3 * k * SHEAR, 3 * k))
    ),
    "the image shifts sideways by 5.0 mm": (
        lambda ct, files: ct.edit(files[4], ImagePositionPatient=[-3.0, -12.0, -8.0])
    ),
    "ZZNAME_005.dcm has no usable ImagePosition": (
        lambda ct, files: ct.edit(files[5], ImagePositionPatient=None)
    ),
    "ZZNAME_005.dcm has no usable ImageOrientation": (
        lambda ct, files: ct.edit(files[5], ImageOrientationPatient=None)
    ),
    "not two unit vectors at right angles": (
        lambda ct, files: [ct.edit(f, ImageOrientationPatient=[1, 0, 0, 0.5, 0.9, 0]) for f in files]
    ),
    "only one slice (ZZNAME_000.dcm)": lambda ct, files: [f.unlink() for f in files[1:]],
}


@pytest.mark.parametrize("expected", REFUSED)
def test_what_cannot_be_trusted_is_refused_by_name(ct: Any, tmp_path: Path, expected: str) -> None:
    REFUSED[expected](ct, ct.write_series(tmp_path))
    with pytest.raises(GeometryError) as caught:
        open_volume(tmp_path)
    assert expected in str(caught.value)
    assert "ZZNAME" not in caught.value.storable
    assert "copy.dcm" not in caught.value.storable


def test_another_matrix_in_one_slice_is_refused(ct: Any, tmp_path: Path) -> None:
    ct.write_series(tmp_path / "a", uid="1.2.3")
    odd = ct.Grid(shape=(1, 7, 11), origin=(-8.0, -12.0, 7.0))
    ct.write_series(tmp_path / "b", uid="1.2.3", grid=odd, names=lambda k: "odd.dcm")
    with pytest.raises(
        GeometryError, match=r"mixes matrix sizes: odd\.dcm differs .* \(7 x 11 against 14 x 11\)"
    ):
        open_volume(tmp_path)


@pytest.mark.parametrize("spacing", [None, [0.0, 1.0], [-1.0, 1.0]])
def test_a_missing_or_zero_pixel_spacing_is_asked_for(ct: Any, tmp_path: Path, spacing: Any) -> None:
    for file in ct.write_series(tmp_path):
        ct.edit(file, PixelSpacing=spacing)
    with pytest.raises(ScaleUnknown, match="no usable PixelSpacing"):
        open_volume(tmp_path)


def test_two_series_are_listed_and_one_is_named(ct: Any, tmp_path: Path) -> None:
    ct.write_series(tmp_path / "a", uid="1.2.3", tags={"SeriesNumber": 4, "ConvolutionKernel": "B70f"})
    ct.write_series(tmp_path / "b", uid="1.2.4", tags={"SeriesNumber": 2}, grid=ct.Grid(shape=(5, 8, 6)))
    with pytest.raises(ChoiceNeeded) as caught:
        open_volume(tmp_path)
    text = str(caught.value)
    assert "--series N" in text
    assert "1: 5 images 8 x 6, 3 x 1.5 x 1.25 mm, kernel B40f" in text
    assert "2: 9 images 14 x 11, 3 x 1.5 x 1.25 mm, kernel B70f" in text
    assert "ZZNAME" not in caught.value.storable
    assert open_volume(tmp_path, series=2).shape == (9, 14, 11)
    assert open_volume(tmp_path, series="1.2.4").shape == (5, 8, 6)
    assert open_volume(tmp_path, series="1").warnings == (
        "other series of the folder were left out: 1 another candidate",
    )
    with pytest.raises(InputError, match="no CT series '7'"):
        open_volume(tmp_path, series=7)


SCREEN = "1.2.840.10008.5.1.4.1.1.7"
OTHERS = {
    "localiser": ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localiser (scout)", False),
    "derived": (
        {"ImageType": ["DERIVED", "SECONDARY", "MPR"]},
        "derived (computed from another series)",
        True,
    ),
    "screen shot": (
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
        "secondary capture (a picture of a screen)",
        False,
    ),
    "dose report": ({"ImageType": ["DERIVED", "SECONDARY", "DOSE_INFO"]}, "dose report", False),
    "PET": ({"Modality": "PT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128"}, "not CT (modality PT)", False),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_ct_series_is_left_out_with_its_reason(ct: Any, tmp_path: Path, case: str) -> None:
    tags, reason, takeable = OTHERS[case]
    ct.write_series(tmp_path / "ct", uid="1.2.3")
    # of the same SeriesInstanceUID, as scanners write their localisers
    ct.write_series(tmp_path / "other", uid="1.2.3", tags=tags, grid=ct.Grid(shape=(3, 14, 11)))
    volume = open_volume(tmp_path)
    assert volume.shape == (9, 14, 11)
    ct.assert_in_place(volume)
    assert volume.warnings == (f"other series of the folder were left out: 3 {reason}".replace("3 ", "1 "),)
    found = list_series(tmp_path)
    assert [s.excluded for s in found] == ["", reason]
    assert [bool(s.index) for s in found] == [True, takeable]
    shutil.rmtree(tmp_path / "ct")
    with pytest.raises(ChoiceNeeded if takeable else EmptyError, match="series"):
        open_volume(tmp_path)
    if takeable:
        named = open_volume(tmp_path, series=1)
        assert named.warnings == (f"the series was named although it is {reason}",)


def test_a_single_slice_opens_only_when_asked_for(ct: Any, tmp_path: Path) -> None:
    file = ct.write_series(tmp_path, grid=ct.Grid(shape=(1, 14, 11)))[0]
    with pytest.raises(GeometryError, match="only one slice"):
        open_volume(file)
    volume = open_volume(file, allow_single=True)
    assert volume.shape == (1, 14, 11)
    assert volume.frame.spacing == (99.0, 1.5, 1.25)  # its thickness
    ct.assert_in_place(volume)


def test_a_folder_without_dicom_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(EmptyError, match="no DICOM image was found"):
        open_volume(tmp_path)
