"""Who makes the lung mask: the own search, the lungmask package, or a file that somebody drew."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.params import Engine

__all__ = ["mask_by"]

_WEIGHTS = "unet_r231-*.pth"


def mask_by(engine: Engine, image: Volume, given: npt.ArrayLike | None) -> npt.ArrayLike | None:
    """The mask of an engine on the CT's grid; None where the analysis shall find the lungs itself.

    Parameters
    ----------
    engine : {"classical", "lungmask", "file"}
        "classical" needs no weights and is what the documentation's figures are about. "lungmask" is the
        U-Net R231 of Hofmanninger et al. 2020, if that package and its weights are installed. "file" stands
        for `given`.
    image : Volume
        The CT.
    given : array of int or None
        A mask that was read from a file or drawn; with "classical" it is used as well.

    Raises
    ------
    InputError
        If the engine is not installed, or a mask is missing or given to an engine that makes its own.
    """
    if engine == "lungmask":
        if given is not None:
            raise InputError("a mask and --engine lungmask are given; choose one of them")
        return _lungmask(image)
    if given is None and engine == "file":
        raise InputError("--engine file needs a mask; give one with --mask")
    return given


def _lungmask(image: Volume) -> npt.NDArray[np.uint8]:
    """Right lung 1, left lung 2, by lungmask; nothing is fetched from the network."""
    if find_spec("lungmask") is None:
        raise InputError(
            "the engine lungmask is not installed; use --engine classical, or install lungmask and fetch its "
            "weights"
        )
    import SimpleITK as sitk
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    if not any(folder.glob(_WEIGHTS)):
        raise InputError(
            "lungmask is installed but its weights (unet_r231) are not, and an analysis fetches nothing; run "
            "lungmask once by itself, or use --engine classical"
        )
    hu = np.asarray(image.hu[:]).astype(np.int16)
    picture = sitk.GetImageFromArray(hu)
    picture.SetSpacing(image.frame.spacing[::-1])
    labels = import_module("lungmask").LMInferer(modelname="R231").apply(picture)
    return np.asarray(labels).astype(np.uint8)
