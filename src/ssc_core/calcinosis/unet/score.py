"""How well found bones lie on true ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["dice_of"]

_PHALANGES = ("distal", "middle", "proximal")


def dice_of(guess: npt.NDArray[Any], truth: npt.NDArray[Any]) -> dict[str, float]:
    """Dice of the three phalanges and of all bone.

    Parameters
    ----------
    guess, truth : ndarray
        Whole numbers of one shape: 1 distal, 2 middle, 3 proximal, others bone, 0 none; 10 more for each
        further finger, which is not looked at.

    Returns
    -------
    dict
        "distal", "middle", "proximal", "bone"; NaN where the truth has none.
    """
    out = {}
    bone = (truth > 0, guess > 0)
    pairs = {name: (truth % 10 == k, guess % 10 == k) for k, name in enumerate(_PHALANGES, 1)}
    for name, (a, b) in {**pairs, "bone": bone}.items():
        total = int(a.sum()) + int(b.sum())
        out[name] = float(2 * np.count_nonzero(a & b) / total) if a.any() else float("nan")
    return out
