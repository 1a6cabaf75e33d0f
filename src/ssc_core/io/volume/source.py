"""Write a result in the frame of the file that the CT came from, where other programs expect it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import OutputError
from ssc_core.io.volume.volume import Volume

__all__ = ["write_nifti"]


def write_nifti(path: str | Path, array: npt.ArrayLike, volume: Volume) -> None:
    """Write a mask or map as NIfTI in the source's axis order, spacing, origin and direction.

    The file appears whole or not at all. It holds no text about the input.

    Parameters
    ----------
    path : path-like
        Ends with ``.nii`` or ``.nii.gz``.
    array : array (z, y, x)
        On the volume's grid. Booleans become uint8.
    volume : Volume
        The CT that it belongs to.

    Raises
    ------
    GeometryError
        If the array has another shape than the volume.
    OutputError
        If the name ends otherwise or the file cannot be written.
    """
    path = Path(path)
    ending = next((e for e in (".nii.gz", ".nii") if path.name.lower().endswith(e)), None)
    if ending is None:
        raise OutputError("a NIfTI file is named .nii or .nii.gz", source=path)
    values, geometry = volume.to_source(array)
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values.astype(np.uint8) if values.dtype == bool else values)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    partial = path.with_name(f".{path.name[: -len(ending)][:40]}.partial{ending}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(image, str(partial), True)
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise OutputError("the NIfTI file cannot be written here; name another place", source=path) from error
    finally:
        partial.unlink(missing_ok=True)
