"""All patches of a case as one small picture, so that figures can show patches when the slides are away."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from ssc_core.errors import FormatError
from ssc_core.skin.stain import Rgb

__all__ = ["SHEET", "SIDE", "Sheet", "read_patches", "thumbnail"]

SHEET = "patches.jpg"
"""Name of the picture in the folder of a case's features."""
SIDE = 114
"""Pixels of a patch on the sheet: half of AlexNet's 227."""

_QUALITY = 90


class Sheet:
    """A contact sheet that is filled as patches come by, row by row in the order drawn.

    Parameters
    ----------
    count : int
        How many patches there will be.
    """

    def __init__(self, count: int) -> None:
        self._columns = math.ceil(math.sqrt(count))
        rows = -(-count // self._columns)
        self._pixels = np.full((rows * SIDE, self._columns * SIDE, 3), 255, np.uint8)

    def add(self, index: int, patch: Rgb) -> None:
        """Put patch number `index`, from 0, in its place."""
        row, col = (SIDE * k for k in divmod(index, self._columns))
        self._pixels[row : row + SIDE, col : col + SIDE] = thumbnail(patch)

    def write(self, folder: Path) -> None:
        """Write ``patches.jpg``."""
        how = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        _, data = cv2.imencode(".jpg", cv2.cvtColor(self._pixels, cv2.COLOR_RGB2BGR), how)
        (folder / SHEET).write_bytes(data.tobytes())


def thumbnail(patch: Rgb) -> Rgb:
    """A patch as small as on the sheet, (114, 114, 3)."""
    return np.asarray(cv2.resize(patch, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def read_patches(folder: Path, numbers: list[int]) -> Rgb:
    """Patches of a case by their numbers, from 1.

    Parameters
    ----------
    folder : Path
        With ``patches.jpg``.
    numbers : list of int
        As in ``patches.csv``.

    Returns
    -------
    (n, 114, 114, 3) uint8 array

    Raises
    ------
    FormatError
        If there is no sheet, or it is damaged or too small.
    """
    path = folder / SHEET
    found = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if found is None or max(numbers) > (found.shape[0] // SIDE) * (found.shape[1] // SIDE):
        raise FormatError("the pictures of the patches are not here or damaged; make the features again",
                          source=path)  # fmt: skip
    columns = found.shape[1] // SIDE
    out = np.empty((len(numbers), SIDE, SIDE, 3), np.uint8)
    for k, number in enumerate(numbers):
        row, col = (SIDE * v for v in divmod(number - 1, columns))
        out[k] = found[row : row + SIDE, col : col + SIDE, ::-1]
    return out
