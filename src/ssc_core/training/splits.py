"""Which patients train, which validate, which test. Never a patient on two sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ssc_core.errors import InputError
from ssc_core.seeds import seed_of

__all__ = ["Split", "split_patients"]


@dataclass(frozen=True)
class Split:
    """A fixed test set beside folds of the rest.

    Parameters
    ----------
    test : tuple of str
        Patients that no training and no choice ever sees.
    folds : tuple of tuple of str
        Validation patients of each fold; it trains on those of the others.
    """

    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]

    def train(self, fold: int) -> tuple[str, ...]:
        """Training patients of `fold`, counted from 0, sorted."""
        return tuple(sorted(p for i, group in enumerate(self.folds) if i != fold for p in group))

    def rows(self) -> list[tuple[str, str]]:
        """(patient, "test" or "fold N" in which it validates), sorted by patient; folds count from 1."""
        rows = [(p, "test") for p in self.test]
        rows += [(p, f"fold {i}") for i, group in enumerate(self.folds, 1) for p in group]
        return sorted(rows)


def split_patients(
    patients: Iterable[str], *, test: int, folds: int, seed: int, fixed_test: Iterable[str] = ()
) -> Split:
    """Split patients into a test set and folds of equal size.

    The split depends on the set of patients and on the seed alone, not on their order or number of images.

    Parameters
    ----------
    patients : iterable of str
        All patients; each may occur several times (one per image).
    test : int
        Number of patients to draw for the test set, on top of `fixed_test`.
    folds : int
        Number of folds of the rest, at least 2. Their sizes differ by one at most.
    seed : int
        Of the draw.
    fixed_test : iterable of str
        Patients that the user wants in the test set.

    Raises
    ------
    InputError
        If there are too few patients, or one of `fixed_test` is not among them.
    """
    everybody, fixed = set(patients), set(fixed_test)
    unknown = sorted(fixed - everybody)
    if unknown:
        raise InputError(
            f"{len(unknown)} patients of the given test set are not in the manifest", private=unknown
        )
    rest = sorted(everybody - fixed)
    if folds < 2:
        raise InputError("cross-validation needs at least 2 folds")
    if len(rest) - test < folds:
        raise InputError(
            f"{len(everybody)} patients cannot give a test set of {len(fixed) + test} and {folds} folds; "
            "add patients, or ask for fewer folds or a smaller test set"
        )
    order = np.random.default_rng(seed_of(seed, "split")).permutation(len(rest))
    drawn = [rest[i] for i in order]
    groups = np.array_split(np.arange(test, len(drawn)), folds)
    return Split(
        tuple(sorted({*fixed, *drawn[:test]})),
        tuple(tuple(sorted(drawn[i] for i in group)) for group in groups),
    )
