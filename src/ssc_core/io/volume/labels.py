"""A mask that somebody else made of a CT, checked to lie on that CT's grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, GeometryError, InputError
from ssc_core.io.volume.itkfile import ITK_ENDINGS, itk_volume
from ssc_core.io.volume.nifti import nifti_pixels, read_nifti_header
from ssc_core.io.volume.orientation import orient
from ssc_core.io.volume.volume import Volume

__all__ = ["read_labels"]

LARGEST_LABEL = 1 << 24
"""Labels pass through float32, which holds whole numbers up to here."""


def read_labels(path: str | Path, volume: Volume) -> npt.NDArray[np.int32]:
    """Read a NIfTI, NRRD or MetaImage label file onto the grid of `volume`.

    Parameters
    ----------
    path : path-like
        The mask, in any orientation, on the same voxels as the CT.
    volume : Volume
        The CT.

    Returns
    -------
    ndarray (z, y, x) of int32

    Raises
    ------
    GeometryError
        If it lies on another grid: nothing is resampled.
    FormatError, InputError
        If it cannot be read or does not hold whole numbers.
    """
    path = Path(path)
    name = path.name.lower()
    single = np.dtype(np.float32)
    if not path.is_file():
        raise FormatError("there is no such file; check the path", source=path)
    if name.endswith((".nii", ".nii.gz")):
        header = read_nifti_header(path)
        pixels, frame = nifti_pixels(path, header, single), header.frame
    elif name.endswith(ITK_ENDINGS):
        pixels, frame, _ = itk_volume(path, single)
    else:
        raise FormatError("a mask is read from .nii, .nii.gz, .nrrd, .mha, .mhd or OME-Zarr", source=path)
    orientation = orient(frame)
    shape = tuple(pixels.shape[axis] for axis in orientation.order)
    if shape != volume.shape or not orientation.frame(frame, pixels.shape).same_as(volume.frame, 1e-2):
        raise GeometryError(
            f"the mask lies on another grid than the CT ({shape} voxels against {volume.shape}, or another"
            " position); draw it on this CT",
            source=path,
        )
    values = orientation.apply(np.asarray(pixels[:]))
    labels = values.astype(np.int32)
    if np.any(labels != values) or np.any(np.abs(values) >= LARGEST_LABEL):
        raise InputError("the mask holds fractions; save it as labels (whole numbers)", source=path)
    return np.ascontiguousarray(labels)
