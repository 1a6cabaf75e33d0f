"""Shortest paths through a volume of costs, in steps between which the search can be stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.graph import MCP_Geometric

from ssc_core.progress import Tick

__all__ = ["path_lengths"]

_VOXELS_BETWEEN_TICKS = 16_384
_GO_ON, _STOP = 0, 2


class _Search(MCP_Geometric):  # type: ignore[misc]
    """Told of every voxel that is reached: the search in one piece would hold up all other threads."""

    reach: float
    tick: Tick
    total: int
    found = 0

    def goal_reached(self, index: int, cumcost: float) -> int:
        """Stop beyond the reach."""
        self.found += 1
        if self.found % _VOXELS_BETWEEN_TICKS == 0:
            self.tick(min(self.found, self.total), self.total, "finding paths")
        return _STOP if cumcost > self.reach else _GO_ON


def path_lengths(
    costs: npt.NDArray[Any], spacing: tuple[float, ...], starts: npt.ArrayLike, reach: float, tick: Tick
) -> npt.NDArray[np.float64]:
    """Length of the shortest path to any start.

    Parameters
    ----------
    costs : array (z, y, x)
        Length of a mm of path through each voxel, at least 1.
    spacing : tuple of float
        Of the voxels, mm.
    starts : array (n, 3) of int
        Where paths begin.
    reach : float
        Voxels farther than this get a larger value, not their distance; infinite for none.
    tick : Tick
        Told as voxels are reached.

    Returns
    -------
    array (z, y, x)
        mm.
    """
    search = _Search(costs, sampling=spacing)
    search.reach, search.tick, search.total = reach, tick, int(np.size(costs))
    return np.asarray(search.find_costs(np.asarray(starts))[0])
