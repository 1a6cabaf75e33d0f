"""Connected pieces of a mask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

__all__ = ["pieces_of"]


def pieces_of(mask: npt.NDArray[np.bool_ | np.uint8], *, corners: bool = False) -> npt.NDArray[np.int32]:
    """Number the pieces of a mask in the order of their first voxels; 0 is what lies outside.

    cc3d finds the same pieces in half the time, but lets no other thread work meanwhile, so that a viewer
    would stand still.

    Parameters
    ----------
    mask : ndarray of bool or uint8
        Any number of axes.
    corners : bool
        Voxels that touch at an edge or corner hang together too.

    Returns
    -------
    ndarray of int32
    """
    structure = ndimage.generate_binary_structure(mask.ndim, mask.ndim if corners else 1)
    pieces, _ = ndimage.label(mask, structure)
    return np.asarray(pieces, np.int32)
