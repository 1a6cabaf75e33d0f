"""How far what is taken away as bone reaches beside a bone that a network drew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import spsolve
from skimage.draw import polygon2mask

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.outline import Outline, Rays

__all__ = ["to_the_surface"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SHORT_MM = 0.5  # by no more than this an edge may lie beyond the network's outline
_BEYOND_MM = (0.6, 1.2)  # what lies on the bone is looked for this far outside it
_BRIGHT_HU = 150.0  # brighter than soft tissue by this: something lies there
_FEWEST, _BESIDE = 3, 3  # rays: of a stretch on which something lies, and beside it
_STIFF, _HEARD = 50.0, 0.1  # stiffness of the bridge; weight of the network's outline under a deposit
_MOST_MM = 0.8  # the bridge leaves the network's outline by no more than this


def to_the_surface(
    labels: npt.NDArray[np.int32],
    number: int,
    rays: Rays,
    outline: Outline,
    margin: int,
    soft_hu: float,
    grid: FineGrid,
) -> tuple[BoolArray, BoolArray]:
    """What has to be added to a bone and taken from it, before the rest is searched for lesions.

    Where an edge to soft tissue is seen, the bone reaches up to its half height, as the network draws a bone
    now and then a little too small, and its haze would look like a deposit. Where a deposit lies on the bone,
    no edge can be seen and the network's outline wavers; there it is bridged by a stiff curve between the
    edges beside the deposit.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32 on the fine grid, all bones.
    number : int
        Which one.
    rays, outline : Rays, Outline
        From its inside, on the grid with a margin.
    margin : int
        Parts by which the rays' grid is larger on each side.
    soft_hu : float
        HU of soft tissue.
    grid : FineGrid
        Geometry.

    Returns
    -------
    more, less : ndarray
        (y, x) bool.
    """
    mask = labels == number
    step = float(rays.depth[1] - rays.depth[0])
    at = (rays.start[:, None] + rays.depth[None, :, None] * rays.direction[:, None]) / grid.step - margin
    pixel = np.clip(np.rint(at).astype(int), 0, np.asarray(mask.shape) - 1)
    met = labels[pixel[..., 0], pixel[..., 1]]
    outside = met != number
    left = np.where(outside.any(1), outside.argmax(1), outside.shape[1] - 1)
    drawn = np.maximum(rays.depth[left] - step / 2, 0)
    seen = outline.clear & (outline.edge > drawn) & (outline.edge < drawn + _SHORT_MM)
    far = np.where(seen, outline.edge, drawn)
    under = _under(rays.hu, met, number, left, step, soft_hu)
    if under.any() and not under.all():
        bridge = _closed_curve(far, np.where(under, _HEARD, 1.0), _STIFF)
        far = np.where(under, np.clip(bridge, drawn - _MOST_MM, drawn + _MOST_MM), far)
    inner = tuple(slice(margin, margin + n) for n in mask.shape)
    shape = tuple(n + 2 * margin for n in mask.shape)

    def filled(edge: FloatArray) -> BoolArray:
        points = (rays.start + edge[:, None] * rays.direction) / np.asarray(grid.step)
        return np.asarray(polygon2mask(shape, points)[inner])

    reach = filled(far)
    return reach, mask & filled(drawn) & ~reach


def _under(
    hu: FloatArray,
    met: npt.NDArray[np.int32],
    number: int,
    left: npt.NDArray[np.intp],
    step: float,
    soft_hu: float,
) -> BoolArray:
    """Rays beyond whose end something bright lies that is no other bone, and those beside them."""
    n = len(left)
    at = left[:, None] + np.arange(round(_BEYOND_MM[0] / step), round(_BEYOND_MM[1] / step))
    at = np.clip(at, 0, hu.shape[1] - 1)
    beyond = np.take_along_axis(hu, at, 1)
    bright = np.median(np.where(np.isfinite(beyond), beyond, -1000.0), axis=1) > soft_hu + _BRIGHT_HU
    other = np.take_along_axis(met, at, 1)
    covered = bright & ~((other > 0) & (other != number)).any(1)
    around = ndi.binary_opening(np.tile(covered, 3), np.ones(_FEWEST))
    return np.asarray(ndi.binary_dilation(around, iterations=_BESIDE)[n : 2 * n])


def _closed_curve(values: FloatArray, weights: FloatArray, stiff: float) -> FloatArray:
    """Smooth values around a circle: least squares with a penalty on the second difference (Whittaker)."""
    n = len(values)
    ahead = csr_array((np.ones(n), (np.arange(n), (np.arange(n) + 1) % n)), (n, n))
    bent = ahead - 2 * eye_array(n, format="csr") + ahead.T
    out: FloatArray = spsolve((diags_array(weights) + stiff * (bent.T @ bent)).tocsc(), weights * values)
    return out
