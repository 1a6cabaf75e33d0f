from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.unet.cortex import with_cortex
from ssc_core.calcinosis.unet.order import ordered
from ssc_core.calcinosis.unet.pieces import Piece, pieces_of

GRID = FineGrid((60, 200), (2, 2), (0.2, 0.2))
INSIDE = np.ones((120, 400), bool)  # tissue everywhere: no fingertip in view


def chain(evidence: list[list[float]], *, backwards: bool = False) -> list[Piece]:
    """Bones of 15 mm along x, 2 mm apart."""
    pieces = []
    for i, each in enumerate(evidence):
        ends = np.array([[10.0, 17.0 * i + 3]]), np.array([[10.0, 17.0 * i + 12]])
        start, end = (ends[1][0], ends[0][0]) if backwards and i % 2 else (ends[0][0], ends[1][0])
        pieces.append(Piece(90.0, False, start, end, 6.0, np.array(each)))
    return pieces


def numbered_in(tissue: np.ndarray, pieces: list[Piece]) -> list[tuple[int, int, bool]]:
    labels = np.zeros(tissue.shape, np.int32)
    for i, piece in enumerate(pieces, 1):
        ends = sorted((piece.start[1], piece.end[1]))
        labels[35:65, int((ends[0] - 3) / 0.2) : int((ends[1] + 3) / 0.2)] = i
    return ordered(pieces, labels, tissue, GRID)


@given(
    st.lists(st.lists(st.floats(-6.9, 0), min_size=4, max_size=4), min_size=1, max_size=5),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_numbers_only_count_up_along_a_finger(evidence: list[list[float]], backwards: bool) -> None:
    out = numbered_in(INSIDE, chain(evidence, backwards=backwards))
    assert {finger for finger, _, _ in out} == {1}
    numbers = [number for _, number, _ in out]
    steps = np.diff(numbers)
    assert np.all(steps == 1) or np.all(steps == -1) or 4 in numbers
    phalanges = [n for n in numbers if n < 4]
    assert len(set(phalanges)) == len(phalanges)
    assert phalanges in (sorted(phalanges), sorted(phalanges, reverse=True))


def test_one_doubted_bone_is_told_by_its_neighbours() -> None:
    sure = {1: [0.0, -5, -5, -5], 2: [-5, 0.0, -5, -5], 3: [-5, -5, 0.0, -5]}
    out = numbered_in(INSIDE, chain([sure[3], sure[3], sure[1]]))
    assert [n for _, n, _ in out] == [3, 2, 1]
    assert not all(certain for _, _, certain in out)


@pytest.mark.parametrize("wrong", [False, True])
def test_bones_are_counted_from_a_visible_fingertip_unless_the_network_is_sure(wrong: bool) -> None:
    said = [[-2.0, -2, 0, -2], [-2, 0.0, -2, -2], [0.0, -2, -2, -2]]
    tissue = INSIDE.copy()
    tissue[:, 250:] = False  # air 1 mm beyond the third bone's core
    out = numbered_in(tissue, chain(said[::-1] if wrong else said))
    assert [n for _, n, _ in out] == [3, 2, 1]
    assert all(certain for _, _, certain in out) is not wrong
    if wrong:
        loud = [[3.0 * v for v in each] for each in said[::-1]]
        assert [n for _, n, _ in numbered_in(tissue, chain(loud))] == [1, 2, 3]


def test_a_stub_at_the_border_belongs_to_its_finger() -> None:
    """Higher than long, so that its own main axis lies across the finger."""
    labels = np.zeros((120, 400), int)
    labels[35:65, 380:] = 3
    labels[40:60, 230:370] = 2
    found, pieces = pieces_of(shares_of(labels), GRID)
    out = ordered(pieces, found, INSIDE, GRID)
    assert [(f, n) for f, n, _ in out] == [(1, 2), (1, 3)]


def test_specks_of_a_deposit_are_no_phalanx_and_a_pebble_of_other_bone_is() -> None:
    labels = np.zeros((120, 400), int)
    labels[40:70, 20:120] = 2
    labels[90:100, 300:312] = 1
    labels[10:20, 200:212] = 4
    found, pieces = pieces_of(shares_of(labels), GRID)
    assert len(pieces) == 2
    assert found[95, 305] == 0
    assert found[15, 205] == 2


def shares_of(labels: np.ndarray) -> np.ndarray:
    return np.stack([labels == k for k in range(5)]).astype(np.float32)


def test_pieces_are_bones_and_scraps_belong_to_the_bone_they_hang_on() -> None:
    labels = np.zeros((120, 400), int)
    labels[40:70, 20:120] = 3
    labels[40:50, 100:120] = 2  # a corner that was taken for another phalanx
    labels[45:65, 130:200] = 2
    labels[90:92, 300:302] = 1  # a speck: no bone
    found, pieces = pieces_of(shares_of(labels), GRID)
    assert len(pieces) == 2
    assert np.all(found[40:70, 20:120] == 1)
    assert np.all(found[90:92, 300:302] == 0)
    assert pieces[0].area_mm2 == pytest.approx(30 * 100 * 0.04)
    assert int(pieces[0].evidence.argmax()) == 2
    assert not pieces[0].cut
    assert abs(pieces[0].end - pieces[0].start)[1] == pytest.approx(20 - pieces[0].height_mm, abs=0.5)


def test_a_bone_at_the_border_is_cut() -> None:
    labels = np.zeros((120, 400), int)
    labels[40:70, :80] = 1
    assert pieces_of(shares_of(labels), GRID)[1][0].cut
    assert pieces_of(shares_of(labels * 0), GRID)[1] == []


def test_a_large_piece_wider_than_long_along_the_border_has_no_direction_of_its_own() -> None:
    labels = np.zeros((120, 400), int)
    labels[20:85, 370:] = 4  # 13 mm along the border, 6 mm into the image: 78 mm2
    labels[35:70, 230:355] = 3
    found, pieces = pieces_of(shares_of(labels), GRID)
    out = ordered(pieces, found, INSIDE, GRID)
    assert [(f, n) for f, n, _ in sorted(out)] == [(1, 3), (1, 4)]


def test_a_stub_between_two_fingers_joins_the_one_that_points_to_it() -> None:
    labels = np.zeros((240, 400), int)
    labels[30:60, 40:160] = 2
    labels[35:55, :26] = 1  # before the upper finger
    labels[95:135, 8:200] = 3
    grid = FineGrid((120, 200), (2, 2), (0.2, 0.2))
    found, pieces = pieces_of(shares_of(labels), grid)
    out = ordered(pieces, found, np.ones(labels.shape, bool), grid)
    upper = {out[int(found[45, 100]) - 1][0], out[int(found[45, 10]) - 1][0]}
    assert len(upper) == 1
    assert out[int(found[110, 100]) - 1][0] not in upper


def test_what_hangs_on_a_bone_by_a_thread_is_no_bone() -> None:
    labels = np.zeros((120, 400), int)
    labels[40:70, 100:250] = 1
    labels[49:55, 86:100] = 1  # 1.2 mm wide
    labels[40:64, 68:88] = 1
    shares = shares_of(labels)
    found, pieces = pieces_of(shares, GRID)
    assert len(pieces) == 1
    assert found[50, 75] == 0
    assert found[50, 200] == 1


@pytest.mark.parametrize(("background", "bones"), [(0.35, 2), (0.05, 1)])
def test_a_joint_that_noise_has_nearly_closed_still_parts_two_bones(background: float, bones: int) -> None:
    labels = np.zeros((120, 400), int)
    labels[40:70, 20:150] = 2
    labels[40:70, 155:300] = 3
    shares = shares_of(labels)
    joint = (slice(48, 62), slice(150, 155))  # 2.8 mm wide: no thread
    shares[(0, *joint)], shares[(3, *joint)] = background, 1 - background
    assert len(pieces_of(shares, GRID)[1]) == bones


def test_parts_that_the_other_engine_sees_as_one_bone_are_one() -> None:
    labels = np.zeros((120, 400), int)
    labels[40:70, 20:300] = 2
    shares = shares_of(labels)
    gap = (slice(40, 70), slice(150, 155))  # beside a deposit the network may doubt a whole section
    shares[(0, *gap)], shares[(2, *gap)] = 0.4, 0.6
    assert len(pieces_of(shares, GRID)[1]) == 2
    assert len(pieces_of(shares, GRID, (labels > 0).astype(np.int32))[1]) == 1


def test_soft_tissue_between_a_bone_and_a_plaque_is_no_bone() -> None:
    labels = np.zeros((120, 400), int)
    labels[20:50, 20:200] = 3
    labels[60:90, 20:200] = 2  # soft tissue, with a plaque along one of its long sides
    hu = np.full(labels.shape, 50.0, np.float32)
    hu[20:50, 20:200] = 1200.0
    hu[25:45, 25:195] = 200.0
    hu[86:90, 20:200] = 1200.0
    found, pieces = pieces_of(shares_of(labels), GRID)
    kept, bones, notes = with_cortex(found, pieces, hu, 50.0, GRID)
    assert len(bones) == 1
    assert np.array_equal(kept > 0, labels == 3)
    assert "row 37, column 54" in notes[0]
