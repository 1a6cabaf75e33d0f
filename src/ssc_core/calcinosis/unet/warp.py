"""Images on the network's grid, turned and scaled if wanted, without aliasing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Pose", "warped"]

FloatArray = npt.NDArray[np.float32]
_SUB = 2  # each pixel of the grid is the mean of this many samples along each axis


@dataclass(frozen=True)
class Pose:
    """Where the grid lies on an image.

    Parameters
    ----------
    centre : tuple of float
        Position (y, x) in mm on the image that falls on the middle of the grid.
    angle : float
        Turn of the grid, radians.
    zoom : tuple of float
        Size of things on the grid over their true size, along (y, x).
    mirrored : bool
        Whether x runs backwards.
    """

    centre: tuple[float, float]
    angle: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    mirrored: bool = False

    def matrix(
        self, shape: tuple[int, int], spacing: tuple[float, float], step: float
    ) -> npt.NDArray[np.float64]:
        """(2, 3) matrix from (x, y) of the grid to (x, y) of the image, both in pixels."""
        sy, sx = spacing
        c, s = math.cos(self.angle), math.sin(self.angle)
        turn = np.array([[c, -s], [s, c]]) @ np.diag(
            [step / self.zoom[1] * (-1 if self.mirrored else 1), step / self.zoom[0]]
        )
        linear = np.diag([1 / sx, 1 / sy]) @ turn
        middle = (np.array(shape[::-1]) - 1) / 2
        offset = np.array([self.centre[1] / sx, self.centre[0] / sy]) - linear @ middle
        return np.hstack([linear, offset[:, None]])


def warped(
    image: FloatArray,
    spacing: tuple[float, float],
    pose: Pose,
    shape: tuple[int, int],
    step: float,
    fill: float,
) -> FloatArray:
    """`image` on a grid.

    Parameters
    ----------
    image : ndarray
        (y, x) or (y, x, c) float32.
    spacing : tuple of float
        Its pixel size (y, x), mm; the first pixel's centre is 0.
    pose : Pose
        Where the grid lies.
    shape : tuple of int
        Of the grid.
    step : float
        Its pixel size, mm.
    fill : float
        Value where there is no image.

    Returns
    -------
    ndarray
        (y, x) or (y, x, c) float32.
    """
    fine = (shape[0] * _SUB, shape[1] * _SUB)
    out = cv2.warpAffine(
        image,
        pose.matrix(fine, spacing, step / _SUB),
        fine[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(fill,) * 4,
    )
    parts = out.reshape(shape[0], _SUB, shape[1], _SUB, *out.shape[2:])
    return np.asarray(parts.mean(axis=(1, 3)), np.float32)
