"""What is taken away beside a network's bones: bridges under deposits, parts that it left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bone, Bones, signed_distance
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.layers import without_layers
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.surroundings import SoftTissue
from ssc_core.calcinosis.unet.arms import without_arms
from ssc_core.calcinosis.unet.bones import _edges
from ssc_core.calcinosis.unet.pieces import pieces_of
from ssc_core.calcinosis.unet.second_look import agreed, contested, missed_parts
from ssc_core.calcinosis.unet.surface import to_the_surface
from ssc_core.io.image import open_finger
from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom

STEP = 0.1
GRID = FineGrid((60, 120), (3, 3), (STEP, STEP))
SHAPE = (180, 360)
TOP, BOTTOM = 70, 110
SOFT, NOISY = np.full(SHAPE, 50.0, np.float32), SoftTissue(50.0, 40.0)
HOLLOW = np.full(SHAPE, 1000.0, np.float32)  # a bone in rows 60 to 100, darker inside
HOLLOW[70:90, 50:190] = 200.0


def finger(deposit: tuple[slice, slice]) -> np.ndarray:
    """A bone 4 mm high with a bright deposit on it, blurred by 0.3 mm, HU."""
    hu = np.full(SHAPE, 50.0, np.float32)
    hu[TOP:BOTTOM, 40:320] = 1100.0
    hu[TOP + 10 : BOTTOM - 10, 52:308] = 150.0
    hu[deposit] = 900.0
    return ndi.gaussian_filter(hu, 3)


@pytest.mark.parametrize("error", [-5, 5])
def test_an_outline_that_wavers_under_a_deposit_is_straightened(error: int) -> None:
    hu = finger((slice(40, TOP), slice(150, 210)))
    labels = np.zeros(SHAPE, np.int32)
    labels[TOP:BOTTOM, 40:320] = 1
    wrong = labels.copy()
    wrong[TOP + min(error, 0) : TOP + max(error, 0), 174:186] = int(error < 0)
    margin = 60
    edges = _edges(np.pad(hu, margin, mode="edge"), np.pad(wrong == 1, margin), GRID, 50.0)
    assert edges is not None
    more, less = to_the_surface(wrong, 1, *edges, margin, 50.0, GRID)
    cover = ((wrong == 1) | more) & ~less
    column = slice(174, 186)
    before = abs(wrong[:, column].sum(0).mean() - (BOTTOM - TOP))
    after = abs(cover[:, column].sum(0).mean() - (BOTTOM - TOP))
    assert before == 5
    assert after < 0.5 * before
    assert abs(cover[:, 80:120].sum(0).mean() - (BOTTOM - TOP)) < 1.5


def bone(labels: np.ndarray) -> Bones:
    one = Bone(1, 0, 1.0, False, 1.0, False, np.zeros(2), np.ones(2), 1.0)
    count = int(labels.max())
    cortex = np.full(SHAPE, 1000.0, np.float32)
    return Bones(labels.astype(np.int32), (one,) * count, cortex, signed_distance(labels > 0, GRID), 0.3)


def test_a_part_inside_a_closed_cortex_is_given_back_to_its_bone_and_told() -> None:
    seen = np.zeros(SHAPE, np.int32)
    seen[60:100, 40:200] = 1
    drawn = seen * 2
    drawn[60:100, 160:200] = 0  # 16 mm2 left out
    parts, notes = missed_parts(drawn, bone(seen), HOLLOW, GRID)
    assert set(np.unique(parts)) == {0, 2}
    assert (parts > 0).sum() == pytest.approx(40 * 40, rel=0.05)
    assert len(notes) == 1
    assert "row 26, column 60" in notes[0]
    assert not missed_parts(seen, bone(seen), HOLLOW, GRID)[1]
    solid = np.full(SHAPE, 1000.0, np.float32)  # a deposit around the bone's end, as bright as cortex
    assert not missed_parts(drawn, bone(seen), solid, GRID)[0].any()


def test_a_bone_that_the_network_did_not_draw_is_told_but_not_taken() -> None:
    seen = np.zeros(SHAPE, np.int32)
    seen[60:100, 40:200] = 1
    seen[130:160, 250:300] = 2
    parts, notes = missed_parts((seen == 1).astype(np.int32), bone(seen), HOLLOW, GRID)
    assert not parts.any()
    assert "not taken for bone by the network" in notes[0]


def test_layers_along_bone_are_cut_off_a_lesion_and_a_thin_lesion_stays() -> None:
    free = np.ones(SHAPE, bool)
    free[100:] = False
    lump = np.zeros(SHAPE, bool)
    lump[60:100, 100:150] = True
    haze = lump.copy()
    haze[95:100, 150:260] = True
    kept = without_layers(haze, free, STEP)
    assert (kept & ~lump).sum() < 40
    assert (kept & lump).sum() > 0.98 * lump.sum()
    thin = np.zeros(SHAPE, bool)
    thin[95:100, 100:200] = True
    assert np.array_equal(without_layers(thin, free, STEP), thin)


def test_a_bone_that_both_drew_alike_is_the_same_and_one_cut_short_is_not() -> None:
    seen = np.zeros(SHAPE, np.int32)
    seen[60:100, 40:200] = 1
    drawn = np.zeros(SHAPE, np.int32)
    drawn[61:100, 42:200] = 3
    assert agreed(drawn, 3, bone(seen), SOFT, NOISY, GRID) == 1
    drawn[:, 180:] = 0
    assert agreed(drawn, 3, bone(seen), SOFT, NOISY, GRID) == 0
    assert agreed(drawn, 3, bone(seen * 0), SOFT, NOISY, GRID) == 0


@pytest.mark.parametrize(("noise_hu", "beyond", "same"), [(20.0, 50, 1), (40.0, 50, 0), (40.0, 900, 1)])
def test_the_classical_outline_counts_where_the_network_took_a_deposit_and_not_where_bone_was_lost(
    noise_hu: float, beyond: float, same: int
) -> None:
    """Further bone is a deposit in a sharp image, or where something bright goes on beyond it."""
    seen = np.zeros(SHAPE, np.int32)
    seen[60:100, 40:200] = 1
    drawn = np.where(seen > 0, 3, 0)
    drawn[46:60, 100:130] = 3  # 4.2 mm2; Dice 0.97
    hu = SOFT.copy()
    hu[30:60, 100:130] = beyond
    assert agreed(drawn, 3, bone(seen), hu, SoftTissue(50.0, noise_hu), GRID) == same


def test_a_deposit_that_the_network_takes_for_bone_is_contested_and_a_seam_is_not() -> None:
    seen = np.zeros(SHAPE, np.int32)
    seen[60:100, 40:200] = 1
    drawn = np.zeros(SHAPE, np.int32)
    drawn[59:100, 40:200] = 3
    assert not contested(drawn, drawn > 0, bone(seen), GRID).any()
    drawn[40:60, 100:140] = 3
    found = contested(drawn, drawn > 0, bone(seen), GRID)
    assert found[42:58, 102:138].all()
    assert not found[60:].any()
    assert not contested(drawn, drawn > 0, bone(seen * 0), GRID).any()  # a bone that only the network saw


def test_what_both_engines_disagree_about_is_told_and_in_the_interval(tmp_path) -> None:
    phantom = make_image(FingerSpec(913, areas_mm2=(18.0, 6.0), touching=(True, True)))
    image = open_finger(write_dicom(phantom, tmp_path / "finger.dcm"))
    lesions = analyse(image, CalcinosisParams(engine="unet")).lesions
    true = phantom.table["area_mm2"].max()
    largest = lesions.loc[lesions["area_mm2"].idxmax()]
    assert largest["low"] <= true <= largest["high"]
    assert abs(largest["area_mm2"] - true) < 2 or "more may belong to it" in largest["flags"]


@pytest.mark.parametrize(("spur", "left"), [(False, 0), (True, 1)])
def test_a_thin_arm_of_a_deposit_is_no_part_of_a_bone_unless_both_engines_see_it(
    spur: bool, left: int
) -> None:
    drawn = np.zeros(SHAPE, np.int32)
    drawn[60:100, 40:200] = 1
    drawn[40:60, 120:130] = 1  # 1 mm wide, 2 mm long
    seen = drawn.copy()
    seen[:60] = spur * seen[:60]
    labels, pieces = pieces_of(np.stack([drawn == k for k in (0, 9, 9, 1, 9)]).astype(np.float32), GRID)
    kept, bones, notes = without_arms(labels, pieces, bone(seen), GRID)
    assert kept[45, 125] == left
    assert np.all(kept[64:98, 44:196] == 1)
    assert len(notes) == 1 - left
    if notes:
        assert "row 16, column 41" in notes[0]
        assert bones[0].area_mm2 < pieces[0].area_mm2
