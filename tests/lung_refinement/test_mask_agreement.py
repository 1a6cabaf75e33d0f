"""Overlap and surface distances against brute force, SimpleITK and known shapes; suspicion of slices."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame
from ssc_core.lung.refinement import agreement, suspicious_slices

FRAME = Frame((2.5, 0.8, 1.1), (0, 0, 0))
masks = arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 2))


def surface(mask: np.ndarray) -> np.ndarray:
    out = []
    for at in np.argwhere(mask):
        for axis, step in ((a, s) for a in range(3) for s in (-1, 1)):
            to = at.copy()
            to[axis] += step
            if not (0 <= to[axis] < mask.shape[axis]) or not mask[tuple(to)]:
                out.append(at * FRAME.spacing)
                break
    return np.array(out)


@settings(max_examples=60, deadline=None)
@given(one=masks, other=masks)
def test_every_figure_is_that_of_brute_force(one: np.ndarray, other: np.ndarray) -> None:
    table = agreement(one, other, FRAME).set_index("part")
    for part, group in {"right": [1], "left": [2], "both": [1, 2]}.items():
        a, b = np.isin(one, group), np.isin(other, group)
        row = table.loc[part]
        assert row["volume_one_ml"] == pytest.approx(a.sum() * 2.5 * 0.8 * 1.1 / 1000)
        if not a.any() or not b.any():
            assert np.isnan(row["hausdorff_mm"])
            assert "empty" in row["note"]
            continue
        assert row["dice"] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
        assert row["jaccard"] == pytest.approx((a & b).sum() / (a | b).sum())
        d = cdist(surface(a), surface(b))
        there, back = d.min(1), d.min(0)
        assert row["hausdorff_mm"] == pytest.approx(max(there.max(), back.max()))
        assert row["hausdorff_95_mm"] == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
        assert row["mean_surface_mm"] == pytest.approx(np.concatenate([there, back]).mean())


def test_simpleitk_measures_the_same_on_balls() -> None:
    z, y, x = np.meshgrid(*map(np.arange, (20, 50, 40)), indexing="ij")

    def ball(cy: float, r: float) -> np.ndarray:
        return (np.hypot(np.hypot((z - 10) * 2.5, (y - cy) * 0.8), (x - 20) * 1.1) < r).astype(np.uint8)

    one, other = ball(24, 12), ball(27, 13)
    images = [sitk.GetImageFromArray(m) for m in (one, other)]
    for image in images:
        image.SetSpacing(FRAME.spacing[::-1])
    overlap, distance = sitk.LabelOverlapMeasuresImageFilter(), sitk.HausdorffDistanceImageFilter()
    overlap.Execute(*images)
    distance.Execute(*images)
    row = agreement(one, other, FRAME, {"ball": (1,)}).iloc[0]
    assert row["dice"] == pytest.approx(overlap.GetDiceCoefficient())
    assert row["hausdorff_mm"] == pytest.approx(distance.GetHausdorffDistance(), rel=1e-5)


def test_a_shift_is_measured_in_mm_and_sides_apart() -> None:
    one = np.zeros((10, 40, 60), np.uint8)
    one[2:8, 5:30, 5:20], one[2:8, 5:30, 35:50] = 1, 2
    other = np.where(one == 2, 2, 0).astype(np.uint8)
    other[2:8, 8:33, 5:20] = 1
    table = agreement(one, other, FRAME).set_index("part")
    assert table.loc["right", "hausdorff_mm"] == pytest.approx(3 * 0.8)
    assert table.loc["left", "hausdorff_mm"] == 0
    assert table.loc["left", "dice"] == 1
    assert table.loc["both", "difference_ml"] == pytest.approx(0)


def test_masks_of_other_sizes_are_refused() -> None:
    with pytest.raises(GeometryError, match="differ in size"):
        agreement(np.zeros((2, 3, 4), np.uint8), np.zeros((2, 3, 5), np.uint8), FRAME)


@pytest.fixture
def lungs() -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros((30, 80, 100), np.uint8)
    labels[3:27, 20:60, 15:40], labels[3:27, 20:60, 60:85] = 1, 2
    hu = np.where(labels > 0, -820, 20) + np.random.default_rng(0).normal(0, 20, labels.shape)
    return labels, hu


def test_a_smooth_mask_raises_no_suspicion_but_at_its_ends(lungs) -> None:
    labels, hu = lungs
    table = suspicious_slices(labels, FRAME, hu)
    assert sorted(table["slice"]) == list(range(3, 27))
    inner = table[table["slice"].between(4, 25)]
    assert (inner["score"] < 0.1).all()
    assert (inner["reason"] == "").all()


def test_slices_with_errors_come_first_with_their_reason(lungs) -> None:
    labels, hu = lungs
    labels[10, 20:60, 15:28] = 0  # half of a lung lost
    labels[15, 30:70, 0:15] = 1  # leaks to the edge
    labels[20, 62:80, 50:58] = 2
    hu[22, 20:60, 60:85] += 400
    labels[13][labels[13] == 2] = 0
    table = suspicious_slices(labels, FRAME, hu)
    reasons = table.set_index("slice")["reason"]
    assert "area jumps" in reasons[10]
    assert "touches the edge of the image" in reasons[15]
    assert "density jumps" in reasons[22]
    assert reasons[13].startswith("empty between slices that are not")
    # 3 and 26 are where this mask ends at once, as no lung does
    assert set(table["slice"][:7]) == {3, 10, 13, 15, 20, 22, 26}
    assert table["score"][7] < 0.5
    assert table.loc[table["slice"] == 22, "label"].item() == 2


def test_suspicion_reads_a_lazy_ct_and_counts_no_density_without(lungs) -> None:
    import dask.array as da

    labels, hu = lungs
    lazy = suspicious_slices(labels, FRAME, da.from_array(hu, chunks=(4, -1, -1)))
    assert lazy.equals(suspicious_slices(labels, FRAME, hu))
    assert suspicious_slices(labels, FRAME)["density_jump_hu"].isna().all()
    assert len(suspicious_slices(np.zeros_like(labels), FRAME)) == 0
    with pytest.raises(GeometryError):
        suspicious_slices(labels, FRAME, hu[1:])
