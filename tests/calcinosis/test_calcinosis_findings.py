"""What counts, seeds from a file, two energies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage as ndi

from ssc_core.calcinosis.energy import EnergyPair, basis_maps, grade_of, joined, ratio_of
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.points import read_seeds, toggled
from ssc_core.errors import EmptyError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.image import FingerImage
from ssc_core.phantoms.finger import FingerSpec, make_image


def image_of(hu, frame):
    return FingerImage(hu, frame, np.zeros(hu.shape, bool), 1.0, "phantom")


@pytest.fixture(scope="module")
def spurred():
    spec = FingerSpec(seed=11, spacing_mm=(0.4, 0.4), areas_mm2=(6.0,), touching=(False,), osteophytes=2)
    phantom = make_image(spec)
    return phantom, analyse(image_of(phantom.hu, phantom.frame))


def test_spurs_do_not_count_and_can_be_toggled_by_label(spurred):
    phantom, result = spurred
    assert len(result.lesions) == len(phantom.table)
    assert set(result.left_out.kind) <= {"rim", "spur", "bone end"}
    assert len(result.left_out) >= 1
    first = int(result.left_out.label.iloc[0])
    again = analyse(image_of(phantom.hu, phantom.frame), toggles=[first])
    assert first in set(again.lesions.label)
    assert again.measurements["total_area"].value > result.measurements["total_area"].value
    assert again.record.parameters["toggles"] == [first]


@pytest.mark.slow
def test_two_energies_tell_calcium_from_what_is_only_bright(spurred):
    phantom, _ = spurred
    dense = np.zeros(phantom.hu.shape, np.float32)
    tissue = (phantom.hu > -100) & (phantom.hu < 120) & (phantom.bones == 0) & (phantom.lesions == 0)
    depth = ndi.distance_transform_edt(tissue)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    y, x = np.ogrid[: dense.shape[0], : dense.shape[1]]
    dense[(y - row) ** 2 + (x - column) ** 2 <= 4.5**2] = 350.0
    dense = ndi.gaussian_filter(dense, 0.8)
    low, high = (image_of(a + dense, phantom.frame) for a in (phantom.low, phantom.high))
    mixed, pair = joined(low, high)
    result = analyse(mixed, pair=pair)
    assert result.left_out.set_index("kind").energy_ratio["not calcium"] == pytest.approx(1.0, abs=0.12)
    assert set(result.lesions.energy_grade) == {"calcium"}
    assert result.lesions.energy_ratio.iloc[0] == pytest.approx(1.56, abs=0.15)
    assert any("untested on real fingers" in f for f in result.flags)
    assert result.calcium is not None
    assert np.median(result.calcium[phantom.lesions > 0]) > 200
    assert abs(np.median(result.calcium[depth > 3])) < 40


def test_basis_maps_solve_the_mixture():
    calcium, water = np.float32(400.0), np.float32(30.0)
    low, high = water + 1.2 * calcium, water + 0.8 * calcium
    found, rest = basis_maps(EnergyPair(np.full((2, 2), low), np.full((2, 2), high)), 1.5)
    assert found == pytest.approx(400.0, rel=1e-4)
    assert rest == pytest.approx(30.0, abs=0.1)


def test_a_ratio_within_its_error_is_doubtful():
    assert grade_of(1.55, 0.02, 1.56) == "calcium"
    assert grade_of(1.30, 0.2, 1.56) == "likely calcium"
    assert grade_of(1.20, 0.2, 1.56) == "doubtful"
    assert grade_of(1.00, 0.05, 1.56) == "not calcium"
    empty = np.zeros((4, 4), bool)
    assert np.isnan(ratio_of(EnergyPair(np.zeros((4, 4)), np.zeros((4, 4))), empty, ~empty)[0])


def test_energies_of_different_slices_are_refused():
    frame = Frame((0.3, 0.3), (0.0, 0.0))
    with pytest.raises(GeometryError, match="both energies"):
        joined(image_of(np.zeros((9, 9), np.float32), frame), image_of(np.zeros((9, 8), np.float32), frame))


def test_energies_in_the_wrong_order_are_refused():
    frame = Frame((0.3, 0.3), (0.0, 0.0))
    bright = np.full((9, 9), 1200.0, np.float32)
    with pytest.raises(InputError, match="swap the two images"):
        joined(image_of(bright / 1.5, frame), image_of(bright, frame))


def test_seeds_come_from_a_table_for_one_case(tmp_path):
    rows = [{"case_id": "a", "row": 3.5, "column": 4}, {"case_id": "b", "row": 1, "column": 2}]
    pd.DataFrame(rows).to_csv(tmp_path / "s.csv", index=False)
    assert read_seeds(tmp_path / "s.csv", 2, "a") == [(3.5, 4.0)]
    with pytest.raises(EmptyError):
        read_seeds(tmp_path / "s.csv", 2, "c")
    with pytest.raises(InputError, match="plane"):
        read_seeds(tmp_path / "s.csv", 3, "a")
    assert toggled("2; 5") == (2, 5)
    with pytest.raises(InputError, match="toggles are labels"):
        toggled("two")
