"""Trachea, carina and main bronchi, built around a carina whose height is exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ssc_core.phantoms.chest.build import Build
from ssc_core.phantoms.chest.shapes import Tube

__all__ = ["WALL_MM", "Airway", "build_airway"]

WALL_MM = 1.3
"""Thickness of the wall around the lumen."""


@dataclass(frozen=True, slots=True)
class Airway:
    """The lumen of the central airways and where its branches end.

    Attributes
    ----------
    lumen : tuple of Tube
        Trachea, right and left main bronchus.
    carina : tuple of float
        (x, y, z) of the ridge between the two lumens.
    right_end, left_end : tuple of float
        Where the main bronchi meet the lungs, with `end_radius`.
    """

    lumen: tuple[Tube, ...]
    carina: tuple[float, float, float]
    right_end: tuple[float, float, float]
    left_end: tuple[float, float, float]
    end_radius: float


def build_airway(build: Build) -> Airway:
    """Central airways whose ridge, the carina, lies at (0, 18, 0).

    Both bronchi leave one point above the ridge. The ridge is where the two lumens touch: at one radius from
    either axis, on the side of the other.
    """
    r = build.trachea_radius
    right, left = 0.8 * r, 0.74 * r
    a, b = np.radians(build.right_angle), np.radians(build.left_angle)
    normals = np.array([[np.cos(a), -np.sin(a)], [-np.cos(b), -np.sin(b)]])
    dx, dz = np.linalg.solve(normals, [right, left])
    y = 18.0
    fork = np.array([-dx, y, -dz])
    into_right = np.array([-np.sin(a), 0.0, -np.cos(a)])
    into_left = np.array([np.sin(b), 0.0, -np.cos(b)])
    elbow_right = fork + 30 * into_right
    elbow_left = fork + 34 * into_left
    end_right = elbow_right + np.array([-20.0, 6.0, -16.0])
    end_left = elbow_left + np.array([16.0, 8.0, -16.0])
    top = build.apex + 130.0
    trachea = np.array([fork, [0, 14, 0.6 * build.apex], [0, 6, build.apex + 10], [0, -6, top]])
    return Airway(
        lumen=(
            Tube.of(trachea, r),
            Tube.of([fork, elbow_right, end_right], [right, 0.92 * right, 0.7 * right]),
            Tube.of([fork, elbow_left, end_left], [left, 0.92 * left, 0.75 * left]),
        ),
        carina=(0.0, y, 0.0),
        right_end=(float(end_right[0]), float(end_right[1]), float(end_right[2])),
        left_end=(float(end_left[0]), float(end_left[1]), float(end_left[2])),
        end_radius=0.6 * r,
    )
