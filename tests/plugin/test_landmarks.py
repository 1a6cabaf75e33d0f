"""A landmark is drawn at the same pixels of the canvas by image, region, mask, map and fields."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import SimpleITK as sitk
from PIL import Image

from napari_ssc._regions import regions_of
from napari_ssc._view import camera_of, fly_to
from napari_ssc.skin.fields import fields_layer, side_um
from ssc_core.geometry import Frame
from ssc_core.io.roi import Roi, write_rois
from ssc_core.io.store import write_map, write_mask
from ssc_core.skin.drawing import places
from ssc_core.tiles import TileSpec, sample_fields

TOP, LEFT, HEIGHT, WIDTH = 120, 200, 40, 40  # level-0 pixels


def seen_of(viewer, layer):
    """Corners, in pixels of the canvas, of what one layer draws that is neither black nor near white."""
    for other in viewer.layers:
        other.visible = other is layer
    layer.opacity = 1.0
    shot = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    at = np.argwhere(np.ptp(shot, axis=-1) > 60)
    assert len(at), f"{layer.name} draws nothing"
    return np.concatenate([at.min(0), at.max(0) + 1])


def same_place(viewer, layers):
    """Every layer draws the landmark where the first one does, to a pixel of the canvas."""
    corners = {layer.name: seen_of(viewer, layer) for layer in layers}
    first = next(iter(corners.values()))
    assert (first[2:] - first[:2]).min() > 60  # a pixel of the image is larger than one of the canvas
    for name, found in corners.items():
        assert np.abs(found - first).max() <= 1.5, (name, corners)


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_on_a_slide(make_napari_viewer, tmp_path, mpp):
    picture = np.full((400, 500, 3), 245, np.uint8)
    picture[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = (20, 20, 200)
    Image.fromarray(picture).save(tmp_path / "field.tif", resolution=1e4 / mpp, resolution_unit=3)
    inside = (picture[..., 0] == 20).astype(np.uint8)
    frame = Frame((mpp, mpp), (0.0, 0.0), unit="um")
    write_mask(tmp_path / "mask.ome.zarr", inside, frame)
    write_map(tmp_path / "map.ome.zarr", np.where(inside, 1.0, np.nan).astype(np.float32), frame, "AU")
    box = shapely.box(LEFT, TOP, LEFT + WIDTH, TOP + HEIGHT)
    write_rois(tmp_path / "region.geojson", [Roi(box, classification="dermis")])

    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(900, 600)
    for name in ("field.tif", "mask.ome.zarr", "map.ome.zarr", "region.geojson"):
        assert viewer.open(str(tmp_path / name), plugin="napari-ssc")
    slide, mask, values, region = viewer.layers
    assert slide.scale[0] == pytest.approx(mpp)
    values.contrast_limits = (0, 2)
    region.edge_width, region.face_color = 0, "red"
    # the one field that fits into the region covers it
    source = slide.metadata["ssc_source"]
    fields = sample_fields(Roi(box), TileSpec(WIDTH, mpp), source, 1, seed=0)
    data, arguments, _ = fields_layer(places(source, fields), side_um(fields), "y_um", "fields")
    square = viewer.add_points(
        data, **{**arguments, "border_width": 0.0, "face_color": "red", "opacity": 1.0}
    )
    fly_to(viewer, ((TOP + HEIGHT / 2) * mpp, (LEFT + WIDTH / 2) * mpp), 4.0 / mpp)
    same_place(viewer, [slide, mask, values, region, square])
    (back,) = regions_of(region, source.frame)
    assert back.geometry.symmetric_difference(box).area < 1e-6


DIRECTIONS = {
    "as it is shown": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "flipped": (-1, 0, 0, 0, 1, 0, 0, 0, -1),
    "rotated": (0, -1, 0, 1, 0, 0, 0, 0, 1),
    "coronal": (1, 0, 0, 0, 0, 1, 0, -1, 0),
}


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_on_a_ct_stored_in_any_direction(make_napari_viewer, tmp_path, direction):
    """A bright box off the middle: the CT, a mask of its voxels, a point at its centre in LPS."""
    hu = np.full((24, 30, 36), -800, np.int16)
    hu[8:12, 6:14, 20:30] = 400
    for name, values in (("ct", hu), ("labels", (hu > 0).astype(np.int16))):
        image = sitk.GetImageFromArray(values)
        image.SetSpacing((0.7, 0.9, 1.5))
        image.SetOrigin((-30.0, 12.0, 100.0))
        image.SetDirection(direction)
        sitk.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    middle = image.TransformContinuousIndexToPhysicalPoint((24.5, 9.5, 9.5))[::-1]  # LPS as (z, y, x)

    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(900, 600)
    (ct,) = viewer.open(str(tmp_path / "ct.nii.gz"), plugin="napari-ssc")
    (labels,) = viewer.open(str(tmp_path / "labels.nii.gz"), plugin="napari-ssc")
    volume = ct.metadata["ssc_source"]
    write_mask(tmp_path / "mask.ome.zarr", np.asarray(labels.data) > 0, volume.frame)
    (mask,) = viewer.open(str(tmp_path / "mask.ome.zarr"), plugin="napari-ssc")
    bright = np.argwhere(np.asarray(ct.data) > 0)
    np.testing.assert_allclose(ct.data_to_world(bright.mean(0)), middle, atol=1e-3)
    ct.colormap, ct.contrast_limits = "red", (0, 400)
    viewer.layers.remove(labels)
    extent = np.ptp([ct.data_to_world(b) for b in bright], axis=0)[1:].max()
    for order in ((0, 1, 2), (1, 0, 2)):
        viewer.dims.order = order
        fly_to(viewer, middle, 150 / extent)
        assert camera_of(viewer).zoom == pytest.approx(150 / extent)
        same_place(viewer, [ct, mask])
