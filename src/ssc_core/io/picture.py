"""A grey picture saved from a viewer, and the way from its grey levels back to Hounsfield units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, InputError
from ssc_core.io.libraries import library_warnings

__all__ = ["grey_of", "read_picture", "unwindowed"]

COLOUR_TOLERANCE = 8
"""Grey levels by which the channels of a grey JPEG may differ."""

ANNOTATION_SHARE = 0.02
"""Up to this share of coloured pixels counts as burnt-in annotation; more is a colour picture."""

Array = npt.NDArray[Any]


def read_picture(path: Path) -> Array:
    """Decode a PNG, JPEG or TIFF as stored: (y, x) or (y, x, 3).

    Raises
    ------
    FormatError
        Truncated, damaged, no picture, several pages, transparent, or black and white only.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with library_warnings("error"), Image.open(path, formats=("PNG", "JPEG", "TIFF")) as image:
            if getattr(image, "n_frames", 1) > 1:
                raise FormatError("the file holds several pages; save the one that is meant", source=path)
            image.load()
            if image.mode == "1":
                raise FormatError("the picture is black and white without grey levels", source=path)
            if image.has_transparency_data:
                return _opaque(image, path)
            return np.asarray(image.convert("RGB") if image.mode in ("P", "CMYK", "YCbCr") else image)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise FormatError("this is not a PNG, JPEG or TIFF picture", source=path) from error
    except (OSError, SyntaxError, ValueError, Warning) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("the picture is truncated or damaged", source=path) from error


def _opaque(image: Any, path: Path) -> Array:
    rgba = image.convert("RGBA")
    if np.asarray(rgba)[..., 3].min() < 255:
        raise FormatError("parts of the picture are transparent; save it without transparency", source=path)
    return np.asarray(rgba.convert("RGB"))


def grey_of(picture: Array, source: Path) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Grey levels, and where colour covers them (annotation burnt into the picture).

    Returns
    -------
    grey : array (y, x)
    coloured : bool array (y, x)

    Raises
    ------
    InputError
        If it is a colour picture.
    """
    if picture.ndim == 2:
        return picture, np.zeros(picture.shape, bool)
    channels = picture.astype(np.int32)
    coloured = channels.max(axis=-1) - channels.min(axis=-1) > COLOUR_TOLERANCE
    share = float(coloured.mean())
    if share > ANNOTATION_SHARE:
        raise InputError(
            f"{share:.0%} of the picture is coloured, so it holds no grey levels of a CT; export the plain"
            " image",
            source=source,
        )
    return picture[..., 1], coloured


def unwindowed(grey: Array, window: float, level: float, top: int) -> npt.NDArray[np.float32]:
    """HU of grey levels 0..`top` that were made with DICOM's linear window.

    DICOM (PS3.3 C.11.2.1.2.1, function LINEAR) maps x to ``((x - (c - 0.5)) / (w - 1) + 0.5) * top``. This is
    its inverse: with window 1500 and level 450, grey 0 is -300 HU and grey 255 is 1199 HU. The simpler
    formula of many viewers, ``c - w / 2`` to ``c + w / 2``, differs by 1 HU at most.

    Parameters
    ----------
    grey : array
        Grey levels.
    window, level : float
        Width and centre, HU.
    top : int
        The grey level that stands for white.
    """
    share = np.asarray(grey, np.float64) / top
    return np.asarray((share - 0.5) * (window - 1.0) + (level - 0.5), np.float32)
