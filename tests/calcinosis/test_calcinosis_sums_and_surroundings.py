"""Sums per finger, hand and visit; sesamoids told by place and form."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ssc_core.calcinosis.burden import burden_of
from ssc_core.calcinosis.kinds import Shafts, kind_of
from ssc_core.calcinosis.sesamoid import is_palmar, looks_like_sesamoid
from ssc_core.calcinosis.surroundings import SoftTissue, noise_flags, soft_tissue
from ssc_core.calcinosis.visits.study import BurdenCase
from ssc_core.cli.calcinosis_burden import burden
from ssc_core.cohort.state import CASES
from ssc_core.errors import EmptyError


def lesions(areas: list[float], fingers: list[int], hu: float = 500.0) -> pd.DataFrame:
    table = pd.DataFrame({"label": range(1, len(areas) + 1), "finger": fingers, "area_mm2": areas})
    return table.assign(low=table.area_mm2 - 0.3, high=table.area_mm2 + 0.4, mean_hu=hu)


def test_errors_of_single_lesions_add_up_as_independent_ones() -> None:
    table = burden_of(lesions([3.0, 4.0, 5.0], [1, 1, 2]))
    assert table.finger.tolist() == ["1", "2", "all"]
    assert table.area_mm2.tolist() == [7.0, 5.0, 12.0]
    assert table.low.iloc[-1] == pytest.approx(12 - 0.3 * math.sqrt(3))
    assert table.high.iloc[-1] == pytest.approx(12 + 0.4 * math.sqrt(3))
    assert math.isnan(burden_of(lesions([], [])).mean_hu.iloc[0])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for case, table in {
        "a": lesions([2.0, 3.0], [1, 1], 400.0),
        "b": lesions([5.0], [1], 800.0),
        "c": lesions([1.0, 7.0], [1, 2]),
    }.items():
        folder = tmp_path / "study" / CASES / case  # where a batch puts it
        folder.mkdir(parents=True)
        table.to_csv(folder / "lesions.csv", index=False)
    rows = ["a,p1,1,left,index", "b,p1,1,left,ring", "gone,p1,1,right,index", "c,p2,1,,"]
    (tmp_path / "manifest.csv").write_text("case_id,patient,visit,hand,finger\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_a_study_is_summed_per_finger_hand_and_visit(study: Path) -> None:
    burden(study / "manifest.csv", study / "study", out=study / "out")
    table = pd.read_csv(study / "out" / "burden.csv", keep_default_na=False).set_index(
        ["patient", "hand", "finger"]
    )
    assert float(table.area_mm2["p1", "left", "index"]) == 5.0
    assert float(table.area_mm2["p1", "left", "ring"]) == 5.0
    assert float(table.area_mm2["p1", "left", "all"]) == 10.0
    assert float(table.mean_hu["p1", "left", "all"]) == pytest.approx(600.0)
    whole = table.loc["p1", "all", "all"]
    assert (float(whole.area_mm2), int(whole.images), int(whole.not_measured)) == (10.0, 2, 1)
    assert table.area_mm2["p1", "right", "index"] == ""  # not measured is not zero
    assert float(table.area_mm2["p2", "", "2"]) == 7.0
    assert float(table.area_mm2["p2", "all", "all"]) == 8.0


def test_a_study_without_results_is_told(study: Path) -> None:
    with pytest.raises(EmptyError, match="ssc calcinosis batch"):
        burden(study / "manifest.csv", study / "elsewhere", out=study / "out")
    assert BurdenCase(case_id="x", patient="p", hand="  ").hand is None


ROUND = {
    "touches_bone": False, "area_mm2": 7.0, "bone_mm": 1.5, "short_mm": 2.6, "long_mm": 3.4,
    "ellipse_mm2": 6.94,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "phalanx", "end_mm", "alike"),
    [
        ({}, 4, 2.0, True),
        ({}, 3, 2.0, True),
        ({}, 3, 15.0, False),  # beside the shaft
        ({}, 2, 1.0, False),  # beside another joint
        ({"short_mm": 1.0}, 4, 2.0, False),
        ({"ellipse_mm2": 10.0}, 4, 2.0, False),  # ragged
        ({"area_mm2": 30.0}, 4, 2.0, False),
        ({"touches_bone": True}, 4, 2.0, False),
    ],
)
def test_size_form_and_place_of_a_sesamoid(
    change: dict[str, object], phalanx: int, end_mm: float, alike: bool
) -> None:
    assert looks_like_sesamoid({**ROUND, **change}, phalanx, end_mm) is alike


@pytest.mark.parametrize("mirror", [1, -1])
def test_the_palm_is_where_the_finger_bends_to(mirror: int) -> None:
    def bones(middles: list[tuple[float, float]]) -> SimpleNamespace:
        found = [
            SimpleNamespace(finger=1, phalanx=4 - k, start=p, end=p, area_mm2=90.0)
            for k, p in enumerate(np.array(middles, float) * [mirror, 1])
        ]
        return SimpleNamespace(found=tuple(found))

    bent = bones([(0, 0), (1, 40), (8, 70), (20, 88)])
    assert is_palmar(np.array([9.0 * mirror, 5.0]), bent, 1) is True
    assert is_palmar(np.array([-9.0 * mirror, 5.0]), bent, 1) is False
    straight = bones([(0, 0), (0, 40), (0, 70), (0.5, 88)])
    assert is_palmar(np.array([9.0 * mirror, 5.0]), straight, 1) is None


def test_noise_raises_the_threshold_for_seeds_and_only_noise_does() -> None:
    rng = np.random.default_rng(0)
    hu = np.full((80, 80), -1000.0, np.float32)
    hu[10:70, 10:70] = 60 + rng.normal(0, 40, (60, 60))
    hu[30:40, 30:40] = 900.0  # calcium is no soft tissue
    noisy = soft_tissue(hu, hu > -300)
    assert noisy.hu == pytest.approx(58, abs=4)
    assert noisy.noise == pytest.approx(40, rel=0.1)
    assert noisy.seed_hu(200.0) == pytest.approx(58 + 4.5 * 40, rel=0.1)
    assert "may be missed" in noise_flags(noisy, 200.0)[0]
    calm = SoftTissue(60.0, 15.0)
    assert calm.seed_hu(200.0) == 200.0
    assert noise_flags(calm, 200.0) == ()
    assert soft_tissue(hu, hu > 2000) == SoftTissue(50.0, 0.0)


METACARPAL = Shafts(
    np.array([[0.0, 0.0]]),
    np.array([[0.0, 1.0]]),
    np.array([0.0]),
    np.array([np.inf]),
    np.array([12.0]),
    (4,),
)


@pytest.mark.parametrize(
    ("hollow", "palmar", "other", "change", "kind"),
    [
        (True, None, None, {}, "sesamoid"),
        (False, True, None, {}, "sesamoid"),  # solid, by form and place
        (False, False, None, {}, "deposit"),  # on the back of the finger
        (False, None, None, {}, "deposit"),  # too straight a finger to tell
        (False, True, (0.4, 0.9), {}, "sesamoid"),
        (False, True, (0.05, 0.2), {}, "sesamoid"),
        (False, True, (0.05, 0.2), {"short_mm": 1.6}, "deposit"),  # not round, and hardly bone
        (False, True, (0.02, 0.05), {}, "deposit"),  # no bone in the network's eyes
        (False, True, (0.4, 0.9), {"area_mm2": 1.2, "short_mm": 0.6}, "sesamoid"),  # cut by the border
        (False, True, (0.4, 0.9), {"touches_bone": True, "on_bone_mm": 2.0, "perimeter_mm": 9.0}, "deposit"),
        (False, True, (0.4, 0.9), {"area_mm2": 30.0}, "deposit"),
    ],
)
def test_a_sesamoid_is_told_by_its_inside_its_side_and_the_network(
    hollow: bool, palmar: bool | None, other: tuple[float, float] | None, change: dict[str, object], kind: str
) -> None:
    row = {**ROUND, "on_bone_mm": 0.0, "touches_border": False, **change}
    centre = np.array([8.0, 5.0])
    assert kind_of(row, centre, METACARPAL, hollow=hollow, palmar=palmar, other=other) == kind
