"""A few slices of the scan being painted: positions, densities, and the boxes that shapes fill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.chest.scene import Scene
from ssc_core.phantoms.chest.shapes import Field, Shape, coverage

__all__ = ["Grid", "Slab"]

Window = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the voxels of a scan lie: centres along each axis (mm, scanner) and the size of a pixel."""

    x: Field
    y: Field
    z: Field
    pixel: float

    def windows(self, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> Iterator[Window | None]:
        """The index block inside each box (n, 3) of (x, y, z) bounds; None where there is none."""
        margin = self.pixel
        starts, stops = [], []
        for axis, values in ((2, self.z), (1, self.y), (0, self.x)):
            starts.append(np.searchsorted(values, low[:, axis] - margin, "left"))
            stops.append(np.searchsorted(values, high[:, axis] + margin, "right"))
        for a, b in zip(np.stack(starts, 1).tolist(), np.stack(stops, 1).tolist(), strict=True):
            if all(i < j for i, j in zip(a, b, strict=True)):
                yield (slice(a[0], b[0]), slice(a[1], b[1]), slice(a[2], b[2]))
            else:
                yield None


class Slab:
    """Densities of a block of slices, with the body coordinates of its voxels.

    Parameters
    ----------
    scene : Scene
        What is there.
    grid : Grid
        The block's voxels.
    """

    def __init__(self, scene: Scene, grid: Grid) -> None:
        self.scene = scene
        self.grid = grid
        self.shape = (len(grid.z), len(grid.y), len(grid.x))
        self.hu: Field = np.full(self.shape, -1000, np.float32)
        self.x, self.y, self.z = scene.to_body(
            grid.x[None, None, :], grid.y[None, :, None], grid.z[:, None, None]
        )

    def at(self, window: Window) -> tuple[Field, Field, Field]:
        """Body coordinates of a block, kept small where they broadcast."""
        x, y, z = (_part(c, window) for c in (self.x, self.y, self.z))
        return x, y, z

    def flat(self, where: tuple[npt.NDArray[np.intp], ...]) -> tuple[Field, Field, Field]:
        """Body coordinates at indices (as from ``numpy.nonzero``)."""
        x, y, z = (np.broadcast_to(c, self.shape)[where] for c in (self.x, self.y, self.z))
        return x, y, z

    def box(self, low: npt.ArrayLike, high: npt.ArrayLike) -> Window | None:
        """The block that holds a box of the body."""
        return next(self.grid.windows(*self.scene.scanner_bounds(low, high)))

    def fill(self, distance: Field, hu: float | Field, window: Window | None = None) -> None:
        """Blend `hu` in where `distance` is negative, softly over one pixel."""
        target = self.hu if window is None else self.hu[window]
        target += coverage(distance, self.grid.pixel) * (hu - target)

    def paint(self, shape: Shape, hu: float, margin: float = 0.0) -> tuple[Window, Field] | None:
        """Fill a shape; its block, grown by `margin` mm, and the distance there, or None if it is outside."""
        low, high = (np.asarray(v) for v in shape.bounds())
        window = self.box(low - margin, high + margin)
        if window is None:
            return None
        distance = shape.distance(*self.at(window))
        self.fill(distance, hu, window)
        return window, distance


def _part(coordinate: Field, window: Window) -> Field:
    return coordinate[
        tuple(w if n > 1 else slice(None) for w, n in zip(window, coordinate.shape, strict=True))
    ]
