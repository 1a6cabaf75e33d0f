"""Which part of a layer's map can change when a part of its input does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Region", "reached"]


@dataclass(frozen=True)
class Region:
    """Boxes of one size in a map, one for each window of a batch.

    Parameters
    ----------
    starts : int array (n, 2)
        First row and column of each box.
    size : (int, int)
        Rows and columns of all of them.
    """

    starts: npt.NDArray[np.int64]
    size: tuple[int, int]

    def covers(self, shape: tuple[int, int]) -> bool:
        """Whether every box is a whole map of `shape`."""
        return self.size == shape


def reached(region: Region, halo: int, stride: int, shape: tuple[int, int]) -> Region:
    """Boxes of the outputs that depend on a changed `region` of the input.

    Parameters
    ----------
    region : Region
        What changed in the input.
    halo, stride : int
        Output cell ``o`` looks at the inputs from ``o * stride - halo`` to before
        ``(o + 1) * stride + halo``.
    shape : (int, int)
        Of the whole output map. No box leaves it, so that all keep one size.
    """
    size, starts = [], np.empty_like(region.starts)
    for axis in (0, 1):
        first = np.maximum((region.starts[:, axis] - halo) // stride, 0)
        stop = -((region.starts[:, axis] + region.size[axis] + halo) // -stride)
        extent = int((np.minimum(stop, shape[axis]) - first).max())
        starts[:, axis] = np.minimum(first, shape[axis] - extent)
        size.append(extent)
    return Region(starts, (size[0], size[1]))
