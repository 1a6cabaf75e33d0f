"""Where the lungs may be: inside the rib cage, above the diaphragm, outside the mediastinum."""

from __future__ import annotations

import numpy as np

from ssc_core.phantoms.chest.build import Build
from ssc_core.phantoms.chest.shapes import Field

__all__ = ["cage_distance", "core_distance", "diaphragm_distance", "dome_height"]

_ONE = np.float32(1)


def cage_distance(build: Build, x: Field, y: Field, z: Field) -> Field:
    """Distance to the inner surface of the rib cage (mm, negative inside), with one dome above each lung."""
    top = np.float32(build.apex - build.cap)
    u = np.clip((z - top) / np.float32(build.cap), 0, 1)
    shrink = np.sqrt(np.maximum(_ONE - u * u, np.float32(0.0009)))
    below = np.clip((top - z) / np.float32(150), 0, 1)
    off = np.float32(0.42 * build.half_width) * u * (2 - u)
    a = (np.float32(build.half_width) * (1 - np.float32(0.06) * (1 - below) ** 2) - off) * shrink
    b = np.float32(build.half_depth) * (1 - np.float32(0.22) * u - np.float32(0.05) * below) * shrink
    dx = np.abs(x) - off
    dy = y - np.float32(14) * u
    a = a * (1 + np.float32(0.11) * np.clip(dy / b, -1, np.float32(0.6)))
    # between an ellipse and a rounded box, so that the gutters beside the spine reach far back
    level = np.power(_flat(dx / a) + _flat(dy / b) + np.float32(1e-9), np.float32(1 / 2.25))
    radius = np.sqrt(dx * dx + dy * dy)
    out: Field = radius * (1 - 1 / level)
    above = z - np.float32(build.apex)
    return np.where(above > 0, np.maximum(out, 0) + np.maximum(above, 0), out).astype(np.float32, copy=False)


def _flat(t: Field) -> Field:
    """``abs(t) ** 2.25``."""
    return np.asarray(t * t * np.sqrt(np.sqrt(np.abs(t))), np.float32)


def _drop(t: Field) -> Field:
    return t * t * np.sqrt(np.abs(t))


def _dome(build: Build, x: Field, y: Field) -> tuple[Field, Field]:
    """Height of the diaphragm and the square of its slope."""
    a, b = build.half_width, build.half_depth
    right = x < 0
    cx = np.where(right, np.float32(-0.5 * a), np.float32(0.5 * a))
    cy = np.float32(-0.12 * b)
    lateral = np.abs(x) > np.abs(cx)
    wide = np.where(lateral, np.float32(0.48 * a), np.float32(0.55 * a))
    deep = np.where(lateral, np.float32(0.62 * build.recess), np.float32(16))
    back = y > cy
    long = np.where(back, np.float32(1.0 * b), np.float32(0.8 * b))
    fall = np.where(back, np.float32(build.recess), np.float32(0.35 * build.recess))
    rx = np.asarray((x - cx) / wide, np.float32)
    ry = np.asarray((y - cy) / long, np.float32)
    across = np.clip(x / np.float32(60) + np.float32(0.5), 0, 1)
    top = np.float32(build.dome) + across * np.float32(build.left_dome - build.dome)
    height = top - deep * _drop(rx) - fall * _drop(ry)
    sx, sy = np.float32(2.5) * deep / wide * np.abs(rx), np.float32(2.5) * fall / long * np.abs(ry)
    slope2 = sx * sx * np.abs(rx) + sy * sy * np.abs(ry)
    return np.asarray(height, np.float32), np.asarray(slope2, np.float32)


def dome_height(build: Build, x: Field, y: Field) -> Field:
    """Height z of the diaphragm below (x, y), mm."""
    return _dome(build, x, y)[0]


def diaphragm_distance(build: Build, x: Field, y: Field, z: Field) -> Field:
    """Distance to the diaphragm (mm, negative above it)."""
    height, slope2 = _dome(build, x, y)
    return np.asarray((height - z) / np.sqrt(1 + slope2), np.float32)


def core_distance(build: Build, x: Field, y: Field, z: Field) -> Field:
    """Distance to the fat between the lungs (mm, negative inside): wide at the back, narrow at the front."""
    b = np.float32(build.half_depth)
    t = np.clip((y / b + np.float32(0.85)) / np.float32(0.55), 0, 1)
    gap = np.float32(build.anterior_gap)
    wide = gap + (1 - gap) * t * t * (3 - 2 * t)
    behind = np.clip((y - 8) / np.float32(30), 0, 1) * np.clip(-z / np.float32(30), 0, 1)
    high = np.clip((z - np.float32(build.arch_top)) / np.float32(60), 0, 1)
    low = np.clip(-z / np.float32(60), 0, 1)
    width = np.float32(build.core_width) * (
        1 + np.float32(0.1) * high + np.float32(0.1) * low - np.float32(0.45) * behind
    )
    return np.asarray(np.abs(x - 3 * low) - width * wide, np.float32)
