"""Solid shapes as distance fields in millimetres: negative inside, so that any voxel grid can ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Ellipsoid", "Field", "Shape", "Tube", "cone_distance", "coverage", "smooth_max"]

Field = npt.NDArray[np.float32]


class Shape(Protocol):
    """Something with an inside."""

    def distance(self, x: Field, y: Field, z: Field) -> Field:
        """Approximate distance to the surface, mm, negative inside; the inputs broadcast."""
        ...

    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Lowest and highest (x, y, z) of the shape."""
        ...


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid along the axes; `centre` and `radii` as (x, y, z) in mm."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]

    def distance(self, x: Field, y: Field, z: Field) -> Field:
        """See :class:`Shape`; first-order exact at the surface."""
        u, v, w = (
            (p - np.float32(c)) / np.float32(r)
            for p, c, r in zip((x, y, z), self.centre, self.radii, strict=True)
        )
        a, b, c = (np.float32(r) for r in self.radii)
        norm = np.sqrt(u * u + v * v + w * w)
        slope = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        out: Field = norm * (norm - 1) / np.maximum(slope, np.float32(1e-6))
        return out

    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """See :class:`Shape`."""
        c, r = np.asarray(self.centre), np.asarray(self.radii)
        return tuple((c - r).tolist()), tuple((c + r).tolist())


@dataclass(frozen=True, slots=True)
class Tube:
    """A chain of round cones: `points` (n, 3) as (x, y, z) in mm with a radius at each point."""

    points: tuple[tuple[float, float, float], ...]
    radii: tuple[float, ...]

    @classmethod
    def of(cls, points: npt.ArrayLike, radii: float | Sequence[float]) -> Tube:
        """From any (n, 3) array and one radius or n of them."""
        array = np.asarray(points, float)
        widths = np.broadcast_to(np.asarray(radii, float), (len(array),))
        return cls(tuple((float(a), float(b), float(c)) for a, b, c in array), tuple(widths.tolist()))

    def distance(self, x: Field, y: Field, z: Field) -> Field:
        """See :class:`Shape`; exact but for the taper."""
        parts = zip(self.points[:-1], self.points[1:], self.radii[:-1], self.radii[1:], strict=True)
        out: Field | None = None
        for start, end, first, last in parts:
            d = cone_distance(x, y, z, start, end, first, last)
            out = d if out is None else np.minimum(out, d)
        assert out is not None
        return out

    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """See :class:`Shape`."""
        p, r = np.asarray(self.points), np.asarray(self.radii)[:, None]
        return tuple((p - r).min(axis=0).tolist()), tuple((p + r).max(axis=0).tolist())


def cone_distance(
    x: Field,
    y: Field,
    z: Field,
    start: tuple[float, ...],
    end: tuple[float, ...],
    first: float,
    last: float,
) -> Field:
    """Distance to a round cone from `start` to `end` (x, y, z) whose radius goes from `first` to `last`."""
    p = [np.float32(v) for v in start]
    v = [np.float32(b - a) for a, b in zip(start, end, strict=True)]
    length2 = np.float32(max(float(v[0]) ** 2 + float(v[1]) ** 2 + float(v[2]) ** 2, 1e-6))
    dx, dy, dz = x - p[0], y - p[1], z - p[2]
    t = np.clip((dx * v[0] + dy * v[1] + dz * v[2]) / length2, 0, 1)
    d2 = (dx - t * v[0]) ** 2 + (dy - t * v[1]) ** 2 + (dz - t * v[2]) ** 2
    out: Field = np.sqrt(d2) - (np.float32(first) + t * np.float32(last - first))
    return out


def coverage(distance: Field, width: float) -> Field:
    """Share of a voxel of `width` mm that lies inside, from the distance of its centre."""
    out: Field = np.clip(np.float32(0.5) - distance * np.float32(1 / width), 0, 1)
    return out


def smooth_max(a: Field, b: Field, radius: float) -> Field:
    """The larger of two fields with the edge between them rounded over `radius` mm (an intersection)."""
    k = np.float32(radius)
    h = np.maximum(k - np.abs(a - b), 0) / k
    out: Field = np.maximum(a, b) + h * h * k * np.float32(0.25)
    return out
