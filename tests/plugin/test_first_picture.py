"""A CT of 600 slices shows its first picture while nearly all of them are still unread."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import SimpleITK as sitk

from napari_ssc import _recent
from ssc_core.io.volume import dicom, nifti, pixels

SLICES, SIDE, BLOCK = 600, 32, 10


def as_series(hu, folder):
    folder.mkdir()
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    told = {"0008|0060": "CT", "0020|000d": "1.2.3", "0020|000e": "1.2.3.4", "0020|0052": "1.2.3.5",
            "0020|0037": "1\\0\\0\\0\\1\\0", "0028|1052": "0", "0028|1053": "1"}  # fmt: skip
    for k, plane in enumerate(hu):
        image = sitk.GetImageFromArray(plane[None])
        image.SetSpacing((0.7, 0.7, 1.0))
        place = {"0020|0032": f"0\\0\\{k}", "0020|0013": str(k + 1), "0008|0018": f"1.2.3.4.{k + 1}"}
        for tag, value in (told | place).items():
            image.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{k:04d}.dcm"))
        writer.Execute(image)
    return folder


def as_nifti(hu, path):
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 1.0))
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("kind", ["folder", "nii"])
def test_first_picture_reads_a_few_blocks_of_sixty(make_napari_viewer, tmp_path, monkeypatch, kind):
    hu = np.random.default_rng(0).integers(-1000, 400, (SLICES, SIDE, SIDE)).astype(np.int16)
    path = as_series(hu, tmp_path / "ct") if kind == "folder" else as_nifti(hu, tmp_path / "ct.nii")
    monkeypatch.setattr(pixels, "CHUNK_BYTES", BLOCK * SIDE * SIDE * 2)
    read = []
    for one in (dicom._Stack, nifti._Mapped):

        def counted(self, index, _as_it_is=one.__getitem__):
            found = _as_it_is(self, index)
            read.append(found.size // SIDE**2)
            return found

        monkeypatch.setattr(one, "__getitem__", counted)
    viewer = make_napari_viewer(show=False)
    (layer,) = viewer.open(str(path), plugin="napari-ssc")
    z = viewer.dims.current_step[0]
    np.testing.assert_array_equal(np.asarray(layer._slice.image.raw), hu[z])
    assert layer.data.shape == hu.shape
    assert 0 < sum(read) <= 3 * BLOCK
    viewer.dims.set_current_step(0, (z + SLICES // 2) % SLICES)
    assert sum(read) <= 5 * BLOCK


def test_slices_that_were_looked_at_are_read_once_and_let_go(monkeypatch):
    hu = np.random.default_rng(0).integers(-1000, 400, (SLICES, SIDE, SIDE)).astype(np.int16)
    read = []

    def block(block_info):
        (low, high), *_ = block_info[None]["array-location"]
        read.append(low)
        return hu[low:high]

    monkeypatch.setattr(_recent, "KEPT_BYTES", 4 * BLOCK * SIDE * SIDE * 2)
    made = []

    class Seen(_recent._Recent):
        def __init__(self, volume):
            super().__init__(volume)
            made.append(self)

    monkeypatch.setattr(_recent, "_Recent", Seen)
    lazy = da.map_blocks(block, chunks=((7, *(BLOCK,) * 59, 3), SIDE, SIDE), dtype=np.int16, meta=hu[:0])
    kept = _recent.kept_recent(lazy)
    read.clear()
    for z in range(SLICES):
        np.testing.assert_array_equal(kept[z].compute(), hu[z])
    assert read == [0, *range(7, SLICES, BLOCK)]
    np.testing.assert_array_equal(kept[5:29, 3].compute(), hu[5:29, 3])
    assert sum(b.nbytes for b in made[0]._blocks.values()) <= _recent.KEPT_BYTES
