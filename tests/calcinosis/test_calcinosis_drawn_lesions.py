"""Lesions that a reader drew and saved: measured as drawn, the same from a file as from memory."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from skimage.io import imsave

from ssc_core.calcinosis.case import CalcinosisCase, analysed, run_case
from ssc_core.calcinosis.edited import with_lesions
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.errors import FormatError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.store import write_mask
from ssc_core.phantoms.finger import FingerSpec, make_image, make_volume, write_export

QUICK = CalcinosisParams(fine_mm=0.2)
SPEC = FingerSpec(seed=12, areas_mm2=(9.0, 4.0), touching=(False, False), cut="both")


@pytest.fixture(scope="module")
def phantom():
    return make_image(SPEC)


@pytest.fixture(scope="module")
def case(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    image = write_export(phantom, folder / "a.png")
    return CalcinosisCase(case_id="a", image=image, pixel_spacing=0.3, window=1500, level=450)


@pytest.fixture(scope="module")
def found(case):
    return analysed(case, QUICK)


@pytest.fixture(scope="module")
def drawn(found):
    """The largest finding as it is, the others rubbed out, and a square of 5 x 7 pixels in soft tissue."""
    largest = int(found.lesions.label.iloc[0])
    labels = np.where(found.lesion_labels == largest, largest, 0).astype(np.int32)
    soft = (found.hu > 0) & (found.hu < 150) & (found.bone_labels == 0) & (found.lesion_labels == 0)
    rows, columns = np.nonzero(soft[:-5, :-7])
    labels[rows[0] : rows[0] + 5, columns[0] : columns[0] + 7] = 40
    return labels


def with_file(case, path):
    return case.model_copy(update={"lesions": path})


def test_a_drawn_square_counts_its_pixels_and_a_kept_finding_keeps_its_measures(case, found, drawn, tmp_path):
    path = tmp_path / "drawn.png"
    imsave(path, drawn.astype(np.uint8), check_contrast=False)
    out = tmp_path / "out"
    out.mkdir()
    row = run_case(with_file(case, path), QUICK, out)
    table = pd.read_csv(out / "lesions.csv").set_index("label")
    assert sorted(table.index) == sorted([int(found.lesions.label.iloc[0]), 40])
    assert table.area_mm2[40] == pytest.approx(35 * 0.3**2)
    assert table.long_mm[40] > table.short_mm[40] > 1.2
    kept = found.lesions.iloc[0]
    assert table.area_mm2[kept.label] == pytest.approx(kept.area_mm2)
    assert row["total_area"] == pytest.approx(kept.area_mm2 + 35 * 0.3**2)
    assert "drawn by a reader" in row["flags"]
    record = json.loads((out / "run.json").read_text())
    assert set(record["inputs"]) == {"image", "lesions"}


def test_the_file_gives_what_the_drawing_itself_gives(case, found, drawn, tmp_path):
    write_mask(tmp_path / "drawn.ome.zarr", drawn, found.frame)
    from_file = analysed(with_file(case, tmp_path / "drawn.ome.zarr"), QUICK)
    direct = with_lesions(found, drawn, found.hu)
    pd.testing.assert_frame_equal(from_file.lesions, direct.lesions)
    assert from_file.record.parameters["lesions_drawn"] == direct.record.parameters["lesions_drawn"]
    assert from_file.flags == direct.flags


def test_what_is_no_drawing_of_this_image_is_refused(case, found, drawn, tmp_path):
    imsave(tmp_path / "small.png", np.zeros((9, 9), np.uint8), check_contrast=False)
    with pytest.raises(GeometryError, match="draw it on this image"):
        analysed(with_file(case, tmp_path / "small.png"), QUICK)
    imsave(tmp_path / "a.jpg", drawn.astype(np.uint8), check_contrast=False)
    with pytest.raises(FormatError, match="does not keep"):
        analysed(with_file(case, tmp_path / "a.jpg"), QUICK)
    colour = np.repeat(drawn[..., None], 3, -1).astype(np.uint8)
    colour[0, 0] = (255, 0, 0)
    imsave(tmp_path / "colour.png", colour, check_contrast=False)
    with pytest.raises(InputError, match="in colour"):
        analysed(with_file(case, tmp_path / "colour.png"), QUICK)
    write_mask(tmp_path / "moved.ome.zarr", drawn, Frame(found.frame.spacing, (50.0, 0.0)))
    with pytest.raises(GeometryError, match="another grid"):
        analysed(with_file(case, tmp_path / "moved.ome.zarr"), QUICK)
    with pytest.raises(InputError, match="negative"):
        with_lesions(found, -drawn, found.hu)


def test_a_volume_takes_drawn_lesions_too(tmp_path):
    import SimpleITK as sitk

    from ssc_core.io.volume import open_volume, write_nifti

    spec = FingerSpec(seed=12, spacing_mm=(0.5, 0.5), areas_mm2=(9.0,), touching=(False,), cut="both")
    scan = make_volume(FingerSpec(**{**spec.__dict__, "slab_mm": 0.8}), width_mm=8.0)
    image = sitk.GetImageFromArray(scan.hu)
    image.SetSpacing(scan.frame.spacing[::-1])
    sitk.WriteImage(image, str(tmp_path / "scan.nii.gz"))
    volume = open_volume(tmp_path / "scan.nii.gz")
    labels = np.zeros(volume.shape, np.int32)
    labels[2:5, 10:14, 20:25] = 3
    write_nifti(tmp_path / "drawn.nii.gz", labels, volume)
    case = CalcinosisCase(case_id="v", image=tmp_path / "scan.nii.gz", lesions=tmp_path / "drawn.nii.gz")
    out = tmp_path / "out"
    out.mkdir()
    row = run_case(case, CalcinosisParams(bones=False), out)
    table = pd.read_csv(out / "lesions.csv")
    assert table.label.tolist() == [3]
    assert table.volume_mm3[0] == pytest.approx(60 * 0.5 * 0.5 * 0.8)
    assert row["total_volume"] == pytest.approx(table.volume_mm3[0])
