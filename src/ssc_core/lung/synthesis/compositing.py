"""Putting a pattern into lung as added tissue, and the extent of what was put in.

A voxel of lung is a mixture of air and tissue: f = (HU + 1000) / 1050 is the share of tissue (0 in air, 1 in
soft tissue of 50 HU). A pattern that fills the share g of what is air, faded by a (0 outside the lesion, 1
inside), gives f' = 1 - (1 - f)(1 - g a). Vessels and walls, where f is about 1, stay as they are: they lie on
top of the pattern, as they do in a patient.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError

__all__ = ["INSERTED", "blend", "extents"]

Field = npt.NDArray[np.float32]

AIR_HU, SPAN_HU = -1000.0, 1050.0
INSERTED = 0.5
"""A pixel counts as inserted where the fade is at least this: half of the soft edge lies on either side, so
that blur neither inflates nor shrinks the score."""


def blend(hu: npt.NDArray[np.floating], texture: npt.NDArray[np.floating], alpha: npt.ArrayLike) -> Field:
    """`hu` with the `texture` inserted.

    Parameters
    ----------
    hu : ndarray, (..., y, x)
        HU.
    texture : ndarray, (..., y, x)
        Added tissue fraction g in [0, 1]; see :mod:`ssc_core.lung.synthesis.textures`.
    alpha : array_like
        Fade a in [0, 1], broadcast against `hu`.

    Returns
    -------
    ndarray
        float32, HU. Never lower than `hu`; equal to it where `alpha` is 0 and where `hu` is 50 or more.
    """
    image = np.asarray(hu, np.float32)
    room = np.maximum(np.float32(1) - (image - np.float32(AIR_HU)) / np.float32(SPAN_HU), 0)
    added = room * np.asarray(texture, np.float32) * np.asarray(alpha, np.float32)
    return np.asarray(image + np.float32(SPAN_HU) * added, np.float32)


def extents(
    ground_glass: npt.NDArray[np.floating],
    reticulation: npt.NDArray[np.floating],
    lung: npt.NDArray[np.bool_],
) -> tuple[float, float, float]:
    """TOT, GG and RET of inserted patterns, in percent of the lung's area in the slice.

    A pixel counts where the fade is at least :data:`INSERTED`. Where both patterns lie, the pixel counts for
    GG and for RET, and once for TOT (their union), so max(GG, RET) <= TOT <= GG + RET.

    Parameters
    ----------
    ground_glass, reticulation : ndarray, (y, x)
        Fades in [0, 1].
    lung : ndarray of bool, (y, x)
        Lung without the central airways.

    Returns
    -------
    tot, gg, ret : float

    Raises
    ------
    EmptyError
        If there is no lung.
    """
    area = np.count_nonzero(lung)
    if area == 0:
        raise EmptyError("the slice holds no lung; choose another")
    gg, ret = (np.asarray(a) >= INSERTED for a in (ground_glass, reticulation))
    tot, g, r = (100.0 * float(np.count_nonzero(a & lung)) / area for a in (gg | ret, gg, ret))
    return tot, g, r
