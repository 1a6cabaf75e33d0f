"""Saving a mask so that it is known to be saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ssc_core.errors import OutputError
from ssc_core.io.store import read_mask
from ssc_core.io.volume import Volume, write_nifti
from ssc_core.lung.refinement.change import Labels

__all__ = ["save_verified"]


def save_verified(path: str | Path, labels: Labels, volume: Volume) -> None:
    """Write a mask as NIfTI in the frame of its CT, replacing an earlier one at once, and read it back.

    Parameters
    ----------
    path : path-like
        Ends with ``.nii`` or ``.nii.gz``.
    labels : array (z, y, x) of int
        On the grid of `volume`.
    volume : Volume
        The CT.

    Raises
    ------
    OutputError
        If it cannot be written, or what was written differs. Only after a return without error may the mask
        be called saved (:meth:`History.mark_saved`).
    """
    write_nifti(path, labels, volume)
    if not np.array_equal(read_mask(path, volume), labels):
        raise OutputError("what was written differs from the mask; save it elsewhere", source=path)
