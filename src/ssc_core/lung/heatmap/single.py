"""A single CT slice from a file, as a volume of one slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume, volume_from_array

__all__ = ["single_slice"]

_PLAIN_HU = (-4096.0, 32767.0)


def single_slice(path: Path) -> Volume | None:
    """The slice in a DICOM, NIfTI, NRRD or MHA file that holds just one; None for anything else.

    What else the file may be, or what is wrong with it, is left to the reader of volumes.

    Raises
    ------
    InputError
        If the slice is no plain CT slice in HU.
    """
    import SimpleITK as sitk

    if not path.is_file():
        return None
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        size = reader.GetSize()
        if len(size) > 3 or (len(size) == 3 and size[2] != 1):
            return None
        image = reader.Execute()
    except RuntimeError:
        return None
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("the slice is a colour picture, not HU; export the CT slice itself", source=path)
    values = sitk.GetArrayFromImage(image)
    low, high = float(values.min()), float(values.max())
    if not _PLAIN_HU[0] <= low < high <= _PLAIN_HU[1] or low >= 0:
        raise InputError(
            f"the values {low:g} to {high:g} cannot be HU of a chest; export the CT slice itself", source=path
        )
    direction = np.asarray(image.GetDirection()).reshape(3, 3)[::-1, ::-1]
    frame = Frame(image.GetSpacing()[::-1], image.GetOrigin()[::-1], tuple(map(tuple, direction.tolist())))
    values = np.where(values <= -1500, -1024, values)  # padding is air
    hu = values.astype(np.int16 if np.issubdtype(values.dtype, np.integer) else np.float32)
    return volume_from_array(hu, frame, warnings=("a single slice: what lies above and below is unknown",))
