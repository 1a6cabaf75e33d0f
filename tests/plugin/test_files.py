"""Files in and out of the viewer: the same bytes as the command line, masks, regions, results, slides, CT."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import shapely
from napari.layers import Layer

from napari_ssc._layers import volume_layer
from napari_ssc._opening import open_ct
from napari_ssc._reader import get_reader
from napari_ssc._writer import write_labels
from ssc_core.cohort import room
from ssc_core.errors import GeometryError, OutputError
from ssc_core.geometry import Frame
from ssc_core.io.roi import Roi, read_rois, write_rois
from ssc_core.io.store import read_array, write_map, write_mask
from ssc_core.io.volume import open_volume, volume_from_array, write_nifti
from ssc_core.lung.case import LungCase


@pytest.mark.parametrize(
    ("title", "sample", "changed"),
    [
        ("Skin", "biopsy", {"n_patches": 5}),
        ("Lung", "chest", {"dome_offset_mm": 0.0}),
        ("Calcinosis", "finger", {"seed_hu": 240.0}),
    ],
)
def test_panel_saves_the_bytes_of_the_command_line(
    open_panel, click, qtbot, tmp_path, title, sample, changed
):
    viewer, panel = open_panel(title, sample)
    panel.form.fill(changed)
    click(panel)
    panel.save_result(tmp_path / "panel")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    (tmp_path / "shell").mkdir()
    case = viewer.layers[0].metadata["ssc_case"]
    room(title.lower()).run_case(case, panel.params.make(**changed), tmp_path / "shell", lambda *_: None)
    names = [{p.relative_to(tmp_path / k) for p in (tmp_path / k).rglob("*")} for k in ("panel", "shell")]
    assert names[0] == names[1]
    for name in names[0]:
        one, other = tmp_path / "panel" / name, tmp_path / "shell" / name
        assert one.is_dir() or one.read_bytes() == other.read_bytes(), name


def test_lung_mask_goes_to_nifti_in_the_frame_of_the_ct(open_panel, click, sample_files, tmp_path):
    viewer, panel = open_panel("Lung", "chest")
    click(panel)
    mask = viewer.layers["lung mask"]
    mask.data[10:12] = 2  # as a reader paints
    for name in ("mask.nii.gz", "mask.ome.zarr"):
        saved = viewer.layers["lung mask"].save(str(tmp_path / name), plugin="napari-ssc")
        assert saved, name
    back = open_volume(tmp_path / "mask.nii.gz")
    assert back.frame.same_as(open_volume(sample_files["chest"]).frame)
    np.testing.assert_array_equal(np.asarray(back.hu), mask.data)
    array, frame, told = read_array(tmp_path / "mask.ome.zarr")
    np.testing.assert_array_equal(np.asarray(array), mask.data)
    assert frame.same_as(back.frame)
    assert told["labels"][1] == "right lung"


def test_result_folder_opens_by_its_record_where_it_was_measured(open_panel, click, qtbot, tmp_path):
    viewer, panel = open_panel("Calcinosis", "finger")
    click(panel)
    panel.save_result(tmp_path / "r")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    lesions = viewer.layers["lesions"]
    opened = viewer.open(str(tmp_path / "r" / "run.json"), plugin="napari-ssc")
    again = next(la for la in opened if la.name.startswith("lesions"))
    np.testing.assert_array_equal(again.data, lesions.data)
    np.testing.assert_allclose(again.extent.world, lesions.extent.world)
    assert again.units == lesions.units


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_regions_lie_on_their_pixels_over_an_open_slide(make_napari_viewer, tmp_path, mpp):
    """Landmark: a square of blue pixels and the region around it have the same extent in the world."""
    from PIL import Image

    from napari_ssc._opening import open_slide
    from ssc_core.skin.case import SkinCase

    picture = np.full((400, 500, 3), 240, np.uint8)
    picture[100:180, 200:300] = (30, 30, 200)
    Image.fromarray(picture).save(tmp_path / "field.png")
    write_rois(tmp_path / "blue.geojson", [Roi(shapely.box(200, 100, 300, 180), classification="dermis")])
    viewer = make_napari_viewer(show=False)
    data, arguments, _ = open_slide(SkinCase(case_id="a", slide=tmp_path / "field.png", mpp=mpp))
    image = viewer.add_image(data, **arguments)
    (shapes,) = viewer.open(str(tmp_path / "blue.geojson"), plugin="napari-ssc")
    blue = np.argwhere(picture[..., 0] == 30)
    first, last = image.data_to_world(blue.min(0)), image.data_to_world(blue.max(0))
    corners = np.array([shapes.data_to_world(v) for v in shapes.data[0]])
    np.testing.assert_allclose(corners.min(0), np.array(first) - mpp / 2)
    np.testing.assert_allclose(corners.max(0), np.array(last) + mpp / 2)
    assert shapes.save(str(tmp_path / "out.geojson"), plugin="napari-ssc")
    (back,) = read_rois(tmp_path / "out.geojson")
    assert back.geometry.symmetric_difference(shapely.box(200, 100, 300, 180)).area < 1e-6


TURNED = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]], float)
_C, _S = np.cos(0.3), np.sin(0.3)
FRAMES = {
    "straight": Frame((2.0, 0.7, 0.7), (-100.0, 5.0, 9.0)),
    "flipped": Frame((2.0, 0.7, 0.7), (10.0, 5.0, 9.0), ((-1, 0, 0), (0, 1, 0), (0, 0, -1))),
    "turned": Frame((2.0, 0.7, 0.9), (10.0, 5.0, 9.0), tuple(map(tuple, TURNED.tolist()))),
    "oblique": Frame((1.5, 0.7, 0.9), (10.0, 5.0, 9.0), ((1, 0, 0), (0, _C, -_S), (0, _S, _C))),
}


# napari shows slices of axes that are not the world's as they are, and says so
@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_landmark_stays_where_it_is_through_every_kind_of_layer_and_file(frame, tmp_path):
    mark = (3, 5, 7)
    labels, numbers = np.zeros((6, 9, 11), np.uint8), np.zeros((6, 9, 11), np.float32)
    labels[mark], numbers[mark] = 1, 1.0
    write_mask(tmp_path / "m.ome.zarr", labels, frame)
    write_map(tmp_path / "v.ome.zarr", numbers, frame, "HU")
    want = frame.to_physical(mark)
    for name in ("m", "v"):
        path = str(tmp_path / f"{name}.ome.zarr")
        (layer,) = [Layer.create(*data) for data in get_reader(path)(path)]
        (found,) = np.argwhere(np.asarray(layer.data))
        np.testing.assert_allclose(layer.data_to_world(found), want, atol=1e-9)
        if name == "m":
            data, meta, _ = layer.as_layer_data_tuple()
            write_labels(str(tmp_path / "again.ome.zarr"), data, meta)
            assert read_array(tmp_path / "again.ome.zarr")[1].same_as(frame)


def test_labels_without_a_scale_are_not_saved_as_if_they_had_one(tmp_path):
    layer = Layer.create(np.ones((5, 5), np.uint8), {"name": "mine"}, "labels")
    data, meta, _ = layer.as_layer_data_tuple()
    with pytest.raises(GeometryError, match="no physical unit"):
        write_labels(str(tmp_path / "a.ome.zarr"), data, meta)
    assert not (tmp_path / "a.ome.zarr").exists()


def test_single_slice_of_dicom_is_a_finger_image_and_a_map_is_saved_with_its_unit(
    make_napari_viewer, sample_files, tmp_path
):
    viewer = make_napari_viewer(show=False)
    (finger,) = viewer.open(str(sample_files["finger"]), plugin="napari-ssc")
    assert finger.data.ndim == 2
    assert str(finger.units[0]) == "millimeter"
    with pytest.raises(OutputError, match="only a map of a result"):
        finger.save(str(tmp_path / "no.ome.zarr"), plugin="napari-ssc")
    frame = Frame((0.5, 0.25), (3.0, 4.0))
    write_map(tmp_path / "a.ome.zarr", np.arange(12, dtype=np.float32).reshape(3, 4), frame, "AU")
    (layer,) = viewer.open(str(tmp_path / "a.ome.zarr"), plugin="napari-ssc")
    assert layer.save(str(tmp_path / "b.ome.zarr"), plugin="napari-ssc")
    values, again, told = read_array(tmp_path / "b.ome.zarr")
    np.testing.assert_array_equal(values, np.asarray(layer.data))
    assert again.same_as(frame)
    assert told["unit"] == "AU"


def test_reader_leaves_others_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"no")
    assert get_reader(str(tmp_path / "photos")) is None
    assert get_reader(str(tmp_path / "a.csv")) is None
    assert get_reader(["a.svs", "b.svs"]) is None


def test_large_slide_opens_without_holding_level_0(make_napari_viewer, tmp_path):
    """30000 x 30000 pixels are 2.7 GB; opening and showing them takes a few MB."""
    import tifffile

    path = tmp_path / "large.tif"
    tile = np.full((512, 512, 3), 230, np.uint8)
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level, side in enumerate((30000, 7500, 1875)):
            n = (-(-side // 512)) ** 2
            resolution = 1e4 / (0.25 * 4**level)
            more = {"subifds": 2} if level == 0 else {"subfiletype": 1}
            file.write(
                (tile for _ in range(n)), shape=(side, side, 3), dtype=np.uint8, tile=(512, 512),
                compression="jpeg", photometric="rgb", resolution=(resolution, resolution),
                resolutionunit="CENTIMETER", **more,
            )  # fmt: skip
    viewer = make_napari_viewer(show=False)
    tracemalloc.start()
    (layer,) = viewer.open(str(path), plugin="napari-ssc")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert layer.multiscale
    assert layer.data[0].shape[:2] == (30000, 30000)
    assert layer.data_level == len(layer.data) - 1
    assert peak < 200e6


def test_compressed_ct_tells_how_it_is_unpacked_and_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr("ssc_core.io.volume.unpacked.IN_MEMORY_BYTES", 0)
    hu = np.random.default_rng(0).integers(-1000, 500, (6, 9, 8)).astype(np.int16)
    volume = volume_from_array(hu, Frame((2.0, 1.0, 1.0), (0.0, 0.0, 0.0)))
    write_nifti(tmp_path / "ct.nii.gz", hu, volume)
    told = []
    case = LungCase(case_id="case", ct=tmp_path / "ct.nii.gz")
    data, arguments, kind = open_ct(case, lambda done, total, what: told.append((what, done == total)))
    assert ("unpacking the file", False) in told
    assert ("unpacking the file", True) in told
    layer = Layer.create(data, arguments, kind)
    assert np.array_equal(np.asarray(layer.data), hu)
    assert arguments["cache"] is False  # napari would keep every block that is looked at
    assert volume_layer(volume, "in memory", case)[1]["cache"] is False
