from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ssc_core.errors import ChoiceNeeded, EmptyError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume, volume_from_array, write_nifti
from ssc_core.lung.snet.items_known import ScoreCase, known_scores, slice_of
from ssc_core.lung.snet.items_slices import extracted
from ssc_core.lung.snet.params import ScoreTrainParams

HEAD = "case_id,level,slice,z_mm,reader,session,tot,gg,ret\n"


def table(folder: Path, *rows: str) -> ScoreCase:
    path = folder / "scores.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return ScoreCase(case_id="c1", ct=folder / "ct.nii.gz", scores=path)


def volume(folder: Path, dz: float, count: int = 9) -> Volume:
    hu = np.full((count, 48, 48), -1000, np.int16) + np.arange(count, dtype=np.int16)[:, None, None]
    image = volume_from_array(hu, Frame((dz, 1.0, 1.0), (-20.0, 0.0, 0.0)))
    write_nifti(folder / "ct.nii.gz", hu, image)
    lungs = np.zeros(hu.shape, np.uint8)
    lungs[:, 10:30, 5:20], lungs[:, 10:30, 25:40] = 1, 2
    write_nifti(folder / "lungs.nii.gz", lungs, image)
    return image


def test_the_consensus_is_taken_before_single_readers(tmp_path: Path) -> None:
    case = table(
        tmp_path, "c1,1,4,,anna,1,20,10,10", "c1,1,4,,consensus,1,30,20,10", "c2,1,4,,consensus,1,1,1,0"
    )
    known, told = known_scores(case)
    assert [k.values for k in known] == [(30, 20, 10)]
    assert known_scores(case, reader="anna")[0][0].values == (20, 10, 10)
    assert told == []


def test_several_readers_or_sessions_must_be_chosen_from(tmp_path: Path) -> None:
    case = table(tmp_path, "c1,1,4,,anna,1,20,10,10", "c1,1,4,,ben,1,30,20,10", "c1,1,4,,ben,2,25,20,10")
    with pytest.raises(ChoiceNeeded, match="--reader"):
        known_scores(case)
    with pytest.raises(ChoiceNeeded, match="--session"):
        known_scores(case, reader="ben")
    assert known_scores(case, reader="ben", session="2")[0][0].values == (25, 20, 10)
    with pytest.raises(InputError, match="no reader"):
        known_scores(case, reader="carla")


def test_incomplete_slices_are_left_out_and_broken_rules_told(tmp_path: Path) -> None:
    case = table(tmp_path, "c1,1,4,,a,1,20,,10", "c1,2,5,,a,1,20,5,5")
    known, told = known_scores(case)
    assert [k.level for k in known] == [2]
    assert any("without all three" in t for t in told)
    assert any("more than GG" in t for t in told)


@pytest.mark.parametrize(
    ("row", "what"),
    [("c1,1,4,,a,1,120,10,10", "between 0 and 100"), ("c1,1,,,a,1,20,10,10", "neither slice nor z_mm")],
)
def test_impossible_rows_are_refused(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        known_scores(table(tmp_path, row))


def test_a_table_of_other_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no scores of c1"):
        known_scores(table(tmp_path, "c2,1,4,,a,1,20,10,10", "c3,1,4,,a,1,20,10,10"))
    with pytest.raises(EmptyError):
        known_scores(table(tmp_path, "c1,1,4,,a,1,,10,10"))


def test_slice_and_height_must_name_the_same_place(tmp_path: Path) -> None:
    image = volume(tmp_path, 3.0)
    by_height = known_scores(table(tmp_path, "c1,1,,-13.6,a,1,20,10,10"))[0][0]
    assert slice_of(by_height, image) == (2, -14.0)
    both = known_scores(table(tmp_path, "c1,1,2,-14,a,1,20,10,10"))[0][0]
    assert slice_of(both, image)[0] == 2
    for wrong, what in (("c1,1,2,-8,a,1,20,10,10", "another CT"), ("c1,1,9,,a,1,2,1,1", "9 slices")):
        with pytest.raises(InputError, match=what):
            slice_of(known_scores(table(tmp_path, wrong))[0][0], image)


@pytest.mark.parametrize(("dz", "offsets"), [(0.3, [0, -1, 1]), (1.0, [0, -1, 1]), (1.5, [0]), (5.0, [0])])
def test_neighbours_share_scores_only_within_a_millimetre(
    tmp_path: Path, dz: float, offsets: list[int]
) -> None:
    volume(tmp_path, dz)
    case = table(tmp_path, "c1,3,4,,a,1,20,10,15").model_copy(update={"mask": tmp_path / "lungs.nii.gz"})
    found = extracted([case], tmp_path / "cut", ScoreTrainParams(matrix=64)).slices
    assert [s.offset for s in found] == offsets
    assert {s.scores for s in found} == {(20, 10, 15)}
    for one in found:
        hu, lung = one.pixels()
        assert hu.shape == lung.shape == (64, 64)
        assert hu[32, 32] == -1000 + 4 + one.offset
        assert hu[0, 0] == -1024  # padded with air
        assert lung.sum() == 600


def test_all_cases_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    volume(tmp_path, 3.0)
    far = table(tmp_path, "c1,1,44,,a,1,20,10,10")
    both = [far, far.model_copy(update={"case_id": "c9"})]
    with pytest.raises(InputError, match=r"(?s)2 cases.*c1: slice 44.*c9"):
        extracted(both, tmp_path / "cut", ScoreTrainParams(matrix=64))
