"""What is read, in an order of its own for every reader and session."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ssc_core.errors import InputError
from ssc_core.seeds import seed_of

__all__ = ["Item", "alias", "blinded"]

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Item:
    """One slice to score.

    Parameters
    ----------
    case_id : str
        Neutral name of the CT.
    patient : str
        Alias of the patient.
    level : int
        Goh level, 1 to 5.
    z_mm : float
        Height of the slice in the CT's own coordinates (LPS), mm.
    slice : int
        The slice, 0 nearest to the feet.
    """

    case_id: str
    patient: str
    level: int
    z_mm: float
    slice: int

    @property
    def key(self) -> tuple[str, int]:
        """What tells items apart."""
        return self.case_id, self.level


def alias(text: str, what: str) -> str:
    """`text`, if it can stand in a file name and is no sentence.

    Raises
    ------
    InputError
        If not.
    """
    if not _ALIAS.fullmatch(text):
        raise InputError(
            f"{what} {text!r} cannot be used; give an alias of letters, digits, '-' and '_' (32 at most)"
        )
    return text


def blinded(items: Sequence[T], seed: int, reader: str, session: str) -> tuple[T, ...]:
    """`items` in the random order in which `reader` meets them in `session`.

    The same reader, session, seed and items give the same order on every machine, so that a session can be
    taken up; another session has another order, so that nothing is remembered by its place.
    """
    rng = np.random.default_rng(seed_of(seed, "reading order", reader, session))
    return tuple(items[i] for i in rng.permutation(len(items)))
