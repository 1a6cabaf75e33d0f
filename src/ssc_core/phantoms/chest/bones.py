"""Ribs, spine, sternum, clavicles and shoulder blades around the rib cage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.chest.build import Build
from ssc_core.phantoms.chest.organs import Organ
from ssc_core.phantoms.chest.shapes import Field, Tube

__all__ = [
    "RIB_PITCH_MM",
    "is_cartilage",
    "limb_bones",
    "rib_distance",
    "scapula_distance",
    "spine_distance",
    "sternum_distance",
]

RIB_PITCH_MM = 25.0
_VERTEBRA_MM = 23.0


def rib_distance(build: Build, cage: Field, x: Field, y: Field, z: Field) -> Field:
    """Distance to the ribs: bands of the shell outside the pleura that sink from back to front."""
    front = (np.float32(build.half_depth) - y) / np.float32(2 * build.half_depth)
    sink = np.float32(build.rib_drop) * front * (np.float32(0.6) + np.float32(0.4) * front)
    phase = (z + sink) / np.float32(RIB_PITCH_MM) + np.float32(build.rib_phase)
    band = np.abs(phase - np.floor(phase) - np.float32(0.5)) * np.float32(RIB_PITCH_MM) - np.float32(6)
    shell = np.abs(cage - np.float32(5.2)) - np.float32(3.6)
    ends = z + sink - np.float32(build.apex + 34)
    lowest = np.float32(build.dome - build.recess - 45) - z
    return np.asarray(np.maximum(np.maximum(shell, band), np.maximum(ends, lowest)), np.float32)


def is_cartilage(build: Build, x: Field, y: Field) -> npt.NDArray[np.bool_]:
    """Where a rib is cartilage: beside the sternum."""
    return np.asarray((y < -0.5 * build.half_depth) & (np.abs(x) < 0.62 * build.half_width))


def spine_distance(build: Build, x: Field, y: Field, z: Field) -> tuple[Field, Field]:
    """Distance to the vertebral bodies with arches and processes, and to the discs between the bodies."""
    b = build.half_depth
    body = (np.sqrt((x / 1.1) ** 2 + (y - np.float32(b - 21)) ** 2) - np.float32(17)).astype(np.float32)
    phase = z / np.float32(_VERTEBRA_MM) + np.float32(build.rib_phase)
    along = np.abs(phase - np.floor(phase) - np.float32(0.5)) * np.float32(_VERTEBRA_MM)
    ring = np.abs(np.sqrt(x * x + (y - np.float32(b + 5)) ** 2) - np.float32(11.5)) - np.float32(3)
    tilted = along + (y - np.float32(b)) * np.float32(0.12)
    process = np.maximum(np.abs(x) - np.float32(3), np.abs(y - np.float32(b + 27)) - np.float32(14))
    process = np.maximum(process, tilted - np.float32(10))
    wings = np.maximum(np.abs(x) - np.float32(32), np.abs(y - np.float32(b + 3)) - np.float32(5))
    wings = np.maximum(wings, along - np.float32(6))
    canal = np.float32(8) - np.sqrt(x * x + (y - np.float32(b + 5)) ** 2)
    bone = np.minimum(
        np.minimum(np.maximum(body, along - np.float32(9)), np.maximum(ring, along - np.float32(9))),
        np.minimum(process, wings),
    )
    return np.maximum(bone, canal).astype(np.float32), np.maximum(body, canal).astype(np.float32)


def sternum_distance(build: Build, x: Field, y: Field, z: Field) -> Field:
    """Distance to the sternum, wider at its top."""
    top = build.arch_top + 14
    wide = 13 + 14 * np.clip((z - np.float32(top - 45)) / np.float32(30), 0, 1)
    slope = np.clip(z - np.float32(top - 60), 0, 80) * np.float32(0.16)
    plate = np.abs(y - (np.float32(-build.half_depth - 7) + slope)) - np.float32(5.5)
    ends = np.maximum(z - np.float32(top), np.float32(build.dome - 5) - z)
    return np.asarray(np.maximum(np.maximum(np.abs(x) - wide, plate), ends), np.float32)


def scapula_distance(build: Build, cage: Field, x: Field, y: Field, z: Field) -> Field:
    """Distance to the shoulder blades: plates that follow the cage behind."""
    high = build.apex + 4
    plate = np.abs(cage - np.float32(23) - 0.1 * np.maximum(z - np.float32(high - 60), 0)) - np.float32(3.4)
    inner = np.float32(64) - np.abs(x) + np.maximum(np.float32(high - 70) - z, 0) * np.float32(0.5)
    ends = np.maximum(z - np.float32(high), np.float32(high - 135) - z)
    return np.asarray(
        np.maximum(np.maximum(plate, inner), np.maximum(ends, np.float32(0.05 * build.half_depth) - y)),
        np.float32,
    )


def limb_bones(build: Build) -> list[Organ]:
    """Clavicles, heads of the humerus and, where the arms lie at the sides, the arms."""
    a, b, up = build.half_width, build.half_depth, build.apex
    out: list[Organ] = []
    for side in (-1.0, 1.0):
        clavicle = [
            (side * 22, -b + 8, build.arch_top + 12),
            (side * 70, -40, up + 2),
            (side * (a + 30), -4, up + 20),
        ]
        out.append(Organ("clavicle", Tube.of(clavicle, [9, 6, 6.5]), 420, None))
        head = (side * (a + 48), 6.0, up + 6.0)
        out.append(Organ("humerus", Tube.of([head, (side * (a + 50), 6, up - 2)], 22), 330, None))
        if build.arms:
            arm = [head, (side * (a + 88), 12, up - 120), (side * (a + 94), 0, up - 420)]
            out.append(Organ("arm fat", Tube.of(arm, 43), -95, None))
            out.append(Organ("arm", Tube.of(arm, 36), 52, None))
            out.append(Organ("arm bone", Tube.of(arm, 12), 650, None))
    return out
