"""Single steps of the analysis of volumes, against bodies whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.kinds import Shafts
from ssc_core.calcinosis.solid.blur import blur_along
from ssc_core.calcinosis.solid.bones import bone_of, near_bone_hu, signed_distance
from ssc_core.calcinosis.solid.cortex import thickness
from ssc_core.calcinosis.solid.finer import finer
from ssc_core.calcinosis.solid.grid import block_of
from ssc_core.calcinosis.solid.kinds import is_hollow, kind_of_body
from ssc_core.calcinosis.solid.layers import reaching_bone, without_layers_3d
from ssc_core.calcinosis.solid.residual import residual_3d
from ssc_core.geometry import Frame
from ssc_core.progress import silent

STEP = (0.2, 0.2, 0.2)


def ball(shape: tuple[int, ...], centre: tuple[float, ...], radius: float) -> np.ndarray:
    grids = np.meshgrid(*(np.arange(n) * 0.2 for n in shape), indexing="ij", sparse=True)
    return sum((g - c) ** 2 for g, c in zip(grids, centre, strict=True)) < radius**2


@pytest.mark.parametrize("parts", [(4, 1, 1), (1, 2, 3)])
def test_parts_are_those_of_scipys_cubic_zoom(parts):
    a = np.random.default_rng(1).normal(0, 300, (9, 11, 13)).astype(np.float32)
    slow = ndi.zoom(a, parts, order=3, mode="nearest", grid_mode=True)
    assert finer(a, parts) == pytest.approx(slow, abs=0.01)


def test_blur_is_seen_along_each_axis():
    step = (0.1, 0.1, 0.1)
    bone = ball((100, 100, 100), (10.0, 10.0, 10.0), 7.0)  # a ball of 3.5 mm: `ball` counts in steps of 0.2
    hu = ndi.gaussian_filter(np.where(bone, 1300.0, 50.0), [4.0, 3.0, 2.5]).astype(np.float32)
    assert blur_along(hu, signed_distance(bone, step), 50.0, step) == pytest.approx(
        (0.40, 0.30, 0.25), rel=0.1
    )
    empty = np.full((20, 20, 20), np.inf, np.float32)
    assert blur_along(np.full((20, 20, 20), 50.0, np.float32), empty, 50.0, STEP) is None


@pytest.mark.parametrize("edge", [11.2, 11.4, 11.6, 11.8])
def test_bone_leaves_nothing_behind_wherever_it_ends_between_slices(edge):
    """Half a volume is bone, up to `edge` mm; slices are 1 mm apart, the blur is 0.28 mm."""
    depth = (np.arange(240) + 0.5) * 0.1
    column = ndi.gaussian_filter1d(np.where(depth < edge, 1300.0, 50.0), 2.8, mode="nearest")
    slices = column.reshape(24, 10).mean(1).astype(np.float32)
    hu = np.broadcast_to(slices[:, None, None], (24, 12, 12)).copy()
    block = block_of(hu, Frame((1.0, 0.25, 0.25), (0.0, 0.0, 0.0)), -300.0)
    mask = np.broadcast_to(((np.arange(96) + 0.5) * 0.25 < edge)[:, None, None], block.hu.shape)
    bones = Bones(
        mask.astype(np.int32), (), near_bone_hu(block, mask), signed_distance(mask, block.step), np.nan
    )
    rest = residual_3d(block, bones, 50.0, (0.4, 0.29, 0.29))
    assert rest[block.hu.shape[0] // 2 :].max() < 100.0  # as haze it would be up to 600
    plain = ndi.gaussian_filter1d(np.where(mask, 1250.0, 0.0), 0.28 / 0.25, axis=0)
    assert (block.hu - 50.0 - plain)[~mask].max() > 100.0


def test_the_cortex_is_bridged_under_a_deposit():
    """A plate of marrow with a cortex of 1.0 to 1.6 mm; on a disc of 3 mm lies a deposit 2 mm thick."""
    y, x = np.mgrid[0:20:0.4, 0:20:0.4]
    spots = np.stack([np.zeros(y.size), y.ravel(), x.ravel()], 1)
    true = 1.0 + 0.03 * spots[:, 2]
    under = np.hypot(spots[:, 1] - 10, spots[:, 2] - 10) < 3
    found, covered = thickness(spots, spots, true + 2.0 * under, np.ones(len(spots), bool), silent)
    assert covered[np.hypot(spots[:, 1] - 10, spots[:, 2] - 10) < 2.2].all()
    assert found == pytest.approx(true, abs=0.1)
    faint, _ = thickness(spots, spots, true + 0.3 * under, ~under, silent)
    assert faint == pytest.approx(true, abs=0.1)


def test_layers_on_bone_are_cut_and_gaps_are_closed():
    away = ((np.arange(30) - 9.5) * 0.2)[:, None, None]
    distance = np.broadcast_to(away, (30, 60, 60)).astype(np.float32)
    body = ball(distance.shape, (3.4, 6.0, 6.0), 1.2)
    assert (distance[body] > 0).all()
    layer = (distance > 0) & (distance < 0.7) & ball(distance.shape, (2.0, 6.0, 6.0), 2.2)
    cut = without_layers_3d(body | layer, distance, list(STEP))
    assert (cut & body).sum() > 0.97 * body.sum()
    assert (cut & ~body).sum() < 0.4 * (layer & ~body).sum()  # what is left lies close around the foot
    lying = ball(distance.shape, (2.6, 6.0, 6.0), 1.6) & (distance > 0)
    gap = lying & (distance > 0.25)
    closed = reaching_bone(gap, distance, list(STEP), 0.35)
    assert closed.sum() == pytest.approx(lying.sum(), rel=0.03)
    assert gap.sum() < 0.93 * lying.sum()
    far = ball(distance.shape, (4.4, 6.0, 6.0), 1.0)
    assert (reaching_bone(far, distance, list(STEP), 0.3) == far).all()


def test_the_head_of_a_cut_bone_is_a_stub_without_direction():
    """11 mm broad, 7 mm in view: its longest axis lies across the finger and tears it from the next bone."""
    head = ball((60, 60, 40), (6.0, 6.0, 1.4), 5.6)
    stub = bone_of(head, (slice(0, 60), slice(0, 60), slice(0, 40)), (60, 60, 40), STEP, 1.0)
    assert stub.cut
    assert stub.start == pytest.approx(stub.end)
    shaft = np.zeros((60, 60, 40), bool)
    shaft[25:35, 25:35] = True
    whole = bone_of(shaft, (slice(0, 60), slice(0, 60), slice(0, 40)), (60, 60, 40), STEP, 1.0)
    assert abs(whole.end[2] - whole.start[2]) > 4.0


def test_a_small_bone_is_darker_inside_and_a_deposit_is_not():
    inside, whole = (ball((40, 40, 40), (4.0, 4.0, 4.0), r) for r in (1.1, 1.7))
    for core, hollow in ((350.0, True), (1100.0, False)):
        hu = ndi.gaussian_filter(np.where(inside, core, np.where(whole, 1100.0, 0.0)), 1.5)
        assert is_hollow(hu.astype(np.float32), whole, STEP) is hollow
    shell = whole & ~ball((40, 40, 40), (4.0, 4.0, 4.0), 0.8)
    assert is_hollow(np.where(shell, 1000.0, 300.0).astype(np.float32), shell, STEP)


SHAFTS = Shafts(
    np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 22.0]]), np.array([[0.0, 0.0, 1.0]] * 2),
    np.array([0.0, 0.0]), np.array([17.0, 24.0]), np.array([4.0, 6.0]), (1, 2),
)  # fmt: skip
ROW = {
    "volume_mm3": 5.0, "on_bone_mm2": 6.0, "touches_bone": True, "mean_hu": 900.0, "bone_mm": 0.0,
    "long_mm": 3.0, "short_mm": 2.0, "ellipsoid_mm3": 5.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "centre", "other"),
    [
        ("deposit", (0.0, -4.0, 30.0), {}),  # in the middle of a shaft
        ("spur", (0.0, -4.0, 23.0), {}),
        ("deposit", (0.0, -4.0, 23.0), {"volume_mm3": 30.0, "on_bone_mm2": 20.0}),  # too large for a spur
        ("deposit", (0.0, -4.0, 23.0), {"on_bone_mm2": 2.0}),  # a spur has a broad foot
        ("bone end", (0.0, 1.0, 23.0), {}),
        ("tuft", (0.0, 2.5, 0.3), {"on_bone_mm2": 4.0}),
        ("rim", (0.0, -4.0, 30.0), {"on_bone_mm2": 12.0}),
        ("deposit", (0.0, -7.0, 30.0), {"touches_bone": False, "on_bone_mm2": 0.0, "bone_mm": 2.0}),
    ],
)
def test_kinds_follow_size_contact_and_place(kind, centre, other):
    row = {**ROW, **other}
    assert kind == kind_of_body(row, np.array(centre), SHAFTS, hollow=True, bone_hu=1400.0, slice_mm=0.5)


def test_a_thin_dim_layer_is_a_rim_only_across_coarse_slices():
    """A slice that bone fills in part looks like it; a bright one of the same thickness counts."""
    row = {**ROW, "on_bone_mm2": 5.0, "mean_hu": 400.0}
    place = np.array([0.0, -4.0, 30.0])
    for slice_mm, hu, kind in ((0.5, 400.0, "deposit"), (1.0, 400.0, "rim"), (1.0, 900.0, "deposit")):
        row["mean_hu"] = hu
        assert kind == kind_of_body(row, place, SHAFTS, hollow=False, bone_hu=1400.0, slice_mm=slice_mm)


def test_a_sesamoid_is_hollow_round_free_and_beside_the_base_joint():
    shafts = Shafts(SHAFTS.origin, SHAFTS.axis, SHAFTS.low, SHAFTS.high, SHAFTS.height, (3, 4))
    row = {**ROW, "touches_bone": False, "on_bone_mm2": 0.0, "bone_mm": 2.0, "volume_mm3": 20.0,
           "long_mm": 4.0, "short_mm": 3.0, "ellipsoid_mm3": 21.0}  # fmt: skip
    place = np.array([0.0, 6.0, 25.0])
    for hollow, kind in ((True, "sesamoid"), (False, "deposit")):
        assert kind == kind_of_body(row, place, shafts, hollow=hollow, bone_hu=1400.0, slice_mm=0.5)
    flat = {**row, "short_mm": 1.5}
    assert kind_of_body(flat, place, shafts, hollow=True, bone_hu=1400.0, slice_mm=0.5) == "deposit"
