"""Tilted stacks are straightened and gaps filled on request, with the exact way back to the slices."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.errors import GeometryError
from ssc_core.io.store import read_mask
from ssc_core.io.volume import open_volume, write_nifti


def tilted(ct: Any, degrees: float, shape: tuple[int, int, int] = (9, 14, 11)) -> Any:
    """Axial images whose gantry leans: normals lean, slices step along the table."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    step = np.array([0.0, 0.0, 3.0])
    return ct.Grid(shape, row=(1.0, 0.0, 0.0), column=(0.0, float(c), float(-s)), step=tuple(step))


@pytest.mark.parametrize("degrees", [-24.0, -3.0, 1.0, 10.0, 30.0])
def test_a_tilted_stack_is_straight_and_every_value_is_at_its_place(
    ct: Any, tmp_path: Path, degrees: float
) -> None:
    grid = tilted(ct, degrees)
    ct.write_series(tmp_path, grid=grid, names=lambda k: f"{(k * 7) % 9}")
    volume = open_volume(tmp_path)
    assert any(f"sheared by {abs(degrees):.1f} degrees (gantry tilt)" in w for w in volume.warnings)
    cosines = np.asarray(volume.frame.direction)
    np.testing.assert_allclose(cosines.T @ cosines, np.eye(3), atol=1e-9)
    assert volume.frame.spacing[0] == pytest.approx(3.0 * np.cos(np.radians(degrees)))
    hu, outside = volume.hu.compute(), volume.outside.compute()
    index = np.stack(np.meshgrid(*map(np.arange, hu.shape), indexing="ij"), axis=-1)
    expected = ct.hu_at(volume.frame.to_physical(index)[..., ::-1])
    # the field changes by at most 19 HU per mm, the slices lie at most half a pixel (0.75 mm) aside
    assert np.abs(hu - expected)[~outside].max() <= 20 * 0.75 + 0.5
    assert (~outside).sum() == grid.hu().size
    assert (hu[outside] == -2048).all()
    stored = volume.to_stored(hu)  # nothing was interpolated: the way back gives the bytes of the files
    assert np.array_equal(stored, grid.hu())


def test_a_marker_in_a_tilted_stack_survives_a_save(
    ct: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = tilted(ct, 15.0)
    at = grid.positions()[6, 4, 7]
    monkeypatch.setattr(
        ct, "hu_at", lambda xyz: np.where(np.linalg.norm(xyz - at, axis=-1) < 0.1, 1500.0, -100.0)
    )
    ct.write_series(tmp_path / "ct", grid=grid)
    volume = open_volume(tmp_path / "ct")
    (place,) = np.argwhere(volume.hu.compute() == 1500)
    assert np.linalg.norm(volume.frame.to_physical(place)[::-1] - at) <= 0.75
    mask = np.zeros(volume.shape, np.uint8)
    mask[tuple(place)] = 1
    write_nifti(tmp_path / "mask.nii.gz", mask, volume)
    saved = sitk.ReadImage(str(tmp_path / "mask.nii.gz"))
    (kji,) = np.argwhere(sitk.GetArrayViewFromImage(saved))
    assert np.linalg.norm(np.array(saved.TransformIndexToPhysicalPoint(kji[::-1].tolist())) - at) <= 0.76
    assert np.array_equal(read_mask(tmp_path / "mask.nii.gz", volume), mask)
    assert np.argwhere(volume.to_stored(mask)).tolist() == [[6, 4, 7]]


def test_gaps_are_refused_with_the_way_out_and_filled_on_request(ct: Any, tmp_path: Path) -> None:
    files = ct.write_series(tmp_path)
    for k in (2, 5, 6):
        files[k].unlink()
    with pytest.raises(GeometryError, match=r"2 slices are missing.*or give --resample-gaps"):
        open_volume(tmp_path)
    volume = open_volume(tmp_path, resample_gaps=True)
    assert volume.shape == (9, 14, 11)
    ct.assert_in_place(volume)  # the field is linear, so interpolation is exact
    (text,) = volume.warnings
    assert text.startswith("3 missing slices were filled by linear interpolation: numbers 2, 5-6 of 9")
    hu = ct.Grid().hu()
    assert np.array_equal(volume.to_stored(volume.hu), np.delete(hu, (2, 5, 6), axis=0))
    again = pickle.loads(pickle.dumps(volume))
    assert np.array_equal(again.hu[5].compute(), volume.hu.compute()[5])
    assert np.array_equal(volume.hu[6:4:-1, 3:9, ::2].compute(), volume.hu.compute()[6:4:-1, 3:9, ::2])


def test_filled_slices_are_weighted_means_of_their_neighbours(
    ct: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(-1000, 1000, (9, 14, 11))
    monkeypatch.setattr(ct.Grid, "hu", lambda self: noise)
    files = ct.write_series(tmp_path)
    for k in (4, 5):
        files[k].unlink()
    hu = open_volume(tmp_path, resample_gaps=True).hu.compute()
    np.testing.assert_array_equal(hu[4], np.rint((noise[3] * 2 + noise[6]) / 3))
    np.testing.assert_array_equal(hu[5], np.rint((noise[3] + noise[6] * 2) / 3))


def test_padding_is_not_mixed_into_filled_slices(
    ct: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.full((9, 14, 11), 40)
    values[3, :4], values[5, -3:] = -2000, -1100
    monkeypatch.setattr(ct.Grid, "hu", lambda self: values)
    files = ct.write_series(tmp_path, signed=True, intercept=0, tags={"PixelPaddingValue": -1100})
    files[4].unlink()
    volume = open_volume(tmp_path, resample_gaps=True)
    outside = volume.outside.compute()[4]
    assert outside[:4].all()
    assert outside[-3:].all()
    assert not outside[4:-3].any()
    assert (volume.hu.compute()[4][4:-3] == 40).all()


def test_gaps_in_a_tilted_stack(ct: Any, tmp_path: Path) -> None:
    grid = tilted(ct, 10.0)
    files = ct.write_series(tmp_path, grid=grid)
    files[3].unlink()
    volume = open_volume(tmp_path, resample_gaps=True)
    assert len(volume.warnings) == 2
    assert np.array_equal(volume.to_stored(volume.hu), np.delete(grid.hu(), 3, axis=0))


@pytest.mark.parametrize(
    ("shape", "removed", "spacing"),
    [(9, (2, 3, 4, 5, 6, 7), 3.0), (30, tuple(range(10, 19)), 3.0), (9, (), 3.0)],
    ids=["more filled than measured", "a gap of 30 mm", "a slice off the grid"],
)
def test_what_cannot_be_filled_is_still_refused(
    ct: Any, tmp_path: Path, shape: int, removed: tuple[int, ...], spacing: float
) -> None:
    grid = ct.Grid((shape, 6, 5), (spacing, 1.5, 1.25))
    files = ct.write_series(tmp_path, grid=grid)
    for k in removed:
        files[k].unlink()
    if not removed:
        ct.edit(files[4], ImagePositionPatient=[-8.0, -12.0, -9.0])
    with pytest.raises(GeometryError, match="--resample-gaps fills gaps of up to 25 mm") as caught:
        open_volume(tmp_path, resample_gaps=True)
    assert "ZZNAME" in str(caught.value)


def test_resample_gaps_changes_nothing_where_none_is_missing(ct: Any, tmp_path: Path) -> None:
    ct.write_series(tmp_path)
    plain, asked = open_volume(tmp_path), open_volume(tmp_path, resample_gaps=True)
    assert asked.warnings == plain.warnings == ()
    assert asked.frame == plain.frame
