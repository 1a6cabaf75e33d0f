"""Files in, files out: a case run from disk to disk."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from ssc_core.errors import EmptyError, GeometryError
from ssc_core.io.store import read_array
from ssc_core.io.volume import open_volume
from ssc_core.lung.case import LungCase, discover, run_case
from ssc_core.lung.params import LungParams
from ssc_core.lung.save import save


@pytest.fixture(scope="module")
def finished(ct_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("result")
    return folder, run_case(LungCase(case_id="a", ct=ct_file), LungParams(), folder)


def test_a_case_writes_its_files_and_nothing_private(finished):
    folder, _ = finished
    names = {p.name for p in folder.iterdir()}
    assert {"levels.csv", "levels.parquet", "volumes.csv", "lungs.ome.zarr", "lungs.nii.gz"} <= names
    assert {"levels.png", "overview.png", "summary.json", "run.json"} <= names
    for path in folder.rglob("*"):
        assert "ZZNAME" not in path.name
        if path.is_file():
            assert b"ZZNAME" not in path.read_bytes()


def test_the_table_holds_the_levels(finished, healthy):
    folder, row = finished
    table = pd.read_csv(folder / "levels.csv")
    assert table["level"].tolist() == [1, 2, 3, 4, 5]
    assert (table["uncertainty_mm"] > 0).all()
    assert row["level_2_z"] == pytest.approx(table.loc[1, "z_mm"])
    assert row["level_5_method"] == "found"
    # the file counts its slices from the head
    assert (table["slice"] + table["source_slice"] == len(healthy.hu) - 1).all()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["measurements"]["lung_volume"]["unit"] == "ml"


def test_masks_lie_on_the_ct(finished, ct_file, healthy, overlap):
    folder, _ = finished
    array, frame, attrs = read_array(folder / "lungs.ome.zarr")
    assert frame.same_as(open_volume(ct_file).frame)
    assert attrs["labels"][1] == "right lung"
    source, mask = sitk.ReadImage(str(ct_file)), sitk.ReadImage(str(folder / "lungs.nii.gz"))
    for get in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(mask, get)() == pytest.approx(getattr(source, get)(), abs=1e-4)
    from_file = sitk.GetArrayFromImage(mask)[::-1]
    assert np.array_equal(from_file, np.asarray(array))
    assert overlap(from_file == 1, healthy.lungs == 1) > 0.97


def test_a_saved_mask_can_be_given_back(finished, ct_file, tmp_path):
    folder, row = finished
    again = run_case(LungCase(case_id="a", ct=ct_file, mask=folder / "lungs.nii.gz"), LungParams(), tmp_path)
    assert again["lung_volume"] == pytest.approx(row["lung_volume"])
    assert set(json.loads((tmp_path / "run.json").read_text())["inputs"]) == {"ct", "mask"}


def test_a_mask_of_another_frame_is_refused(ct_file, tmp_path):
    other = sitk.ReadImage(str(ct_file)) * 0
    other.SetOrigin((500.0, 0.0, 0.0))
    path = tmp_path / "other.nii.gz"
    sitk.WriteImage(sitk.Cast(other, sitk.sitkUInt8), str(path))
    with pytest.raises(GeometryError):
        run_case(LungCase(case_id="a", ct=ct_file, mask=path), LungParams(), tmp_path / "out")


def test_equal_results_are_equal_bytes(healthy_result, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(healthy_result, tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_missing_levels_are_empty_cells_and_still_drawn(upside_down, tmp_path):
    save(upside_down, tmp_path)
    table = pd.read_csv(tmp_path / "levels.csv")
    assert table["z_mm"].isna().all()
    assert table["note"].notna().all()
    assert (table["method"] == "missing").all()


def test_cts_are_found_and_masks_go_with_them(ct_file, tmp_path):
    (tmp_path / "a_ct.nii.gz").write_bytes(ct_file.read_bytes())
    (tmp_path / "a_ct_mask.nii.gz").write_bytes(ct_file.read_bytes())
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "1").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "notes.txt").write_text("x")
    cases = discover(tmp_path)
    assert [(c.case_id, c.ct.name) for c in cases] == [("case-0001", "a_ct.nii.gz"), ("case-0002", "dicom")]
    assert cases[0].mask == tmp_path / "a_ct_mask.nii.gz"


def test_an_error_names_the_file_on_screen_and_nowhere_else(tmp_path):
    hu = np.full((30, 60, 60), 40, np.int16)
    hu[:, :, :20] = -1000
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((4.0, 4.0, 4.0))
    path = tmp_path / "ZZNAME.nii.gz"
    sitk.WriteImage(image, str(path))
    with pytest.raises(EmptyError) as caught:
        run_case(LungCase(case_id="a", ct=path), LungParams(), tmp_path / "out")
    assert "ZZNAME" in str(caught.value)
    assert "ZZNAME" not in caught.value.storable
