from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssc_core.errors import InputError
from ssc_core.training.splits import split_patients


@given(st.integers(8, 60), st.integers(0, 4), st.integers(2, 4), st.integers(0, 2**40))
def test_no_patient_is_on_two_sides(n: int, test: int, folds: int, seed: int) -> None:
    patients = [f"p{i:03d}" for i in range(n)]
    split = split_patients(patients * 2, test=test, folds=folds, seed=seed)
    assert (len(split.test), len(split.folds)) == (test, folds)
    sizes = [len(f) for f in split.folds]
    assert max(sizes) - min(sizes) <= 1
    assert sorted([*split.test, *(p for f in split.folds for p in f)]) == patients
    for i, fold in enumerate(split.folds):
        train = set(split.train(i))
        assert not train & {*fold, *split.test}
        assert train | {*fold, *split.test} == set(patients)


def test_order_and_repeats_do_not_matter_and_the_seed_does() -> None:
    patients = [f"p{i}" for i in range(30)]
    one = split_patients(patients, test=5, folds=4, seed=7)
    assert one == split_patients([*reversed(patients), "p3"], test=5, folds=4, seed=7)
    assert one != split_patients(patients, test=5, folds=4, seed=8)


def test_the_papers_split() -> None:
    split = split_patients([f"{i:03d}" for i in range(230)], test=50, folds=4, seed=0)
    assert [len(split.test), *(len(f) for f in split.folds)] == [50, 45, 45, 45, 45]


def test_given_test_patients_are_kept() -> None:
    split = split_patients("abcdefgh", test=0, folds=2, seed=0, fixed_test="ah")
    assert split.test == ("a", "h")
    with pytest.raises(InputError, match="1 patients of the given test set"):
        split_patients("abcdefgh", test=0, folds=2, seed=0, fixed_test="z")


def test_too_few_patients_are_told() -> None:
    with pytest.raises(InputError, match="4 patients cannot give a test set of 2 and 3 folds"):
        split_patients("abcd", test=2, folds=3, seed=0)
    with pytest.raises(InputError, match="at least 2 folds"):
        split_patients("abcd", test=0, folds=1, seed=0)
