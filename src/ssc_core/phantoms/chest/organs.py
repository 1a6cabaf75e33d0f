"""Heart, great vessels and upper abdomen: shapes with a density, in the order in which they are painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ssc_core.phantoms.chest.build import Build
from ssc_core.phantoms.chest.shapes import Ellipsoid, Shape, Tube

__all__ = ["Organ", "abdomen", "arch_line", "arch_radii", "mediastinum"]


@dataclass(frozen=True, slots=True)
class Organ:
    """A shape with its density; `gap` is the tissue (mm) between it and the lung, None if it meets none."""

    name: str
    shape: Shape
    hu: float
    gap: float | None = 2.0


def arch_line(build: Build) -> np.ndarray:
    """Centre line (n, 3) of the aortic arch; the top of its wall is `arch_top`."""
    theta = np.linspace(0, np.pi, 17)
    t = (1 - np.cos(theta)) / 2
    x = -16 + 42 * t + 17 * np.sin(theta)
    y = -28 + t * (build.half_depth - 36 + 28)
    z = 26 * np.sin(theta)
    z += build.arch_top - (z + arch_radii(build)).max()
    return np.stack([x, y, z], axis=1)


def arch_radii(build: Build) -> np.ndarray:
    """Radius at each point of :func:`arch_line`."""
    return build.aorta_radius * np.linspace(1, 0.82, 17)


def mediastinum(build: Build) -> list[Organ]:
    """Heart, aorta, great vessels, pulmonary arteries, left atrium with its veins, oesophagus."""
    blood = build.blood_hu
    hx, hw, hd = build.heart
    z3, dome = build.venous, build.dome
    heart_top, heart_low = z3 + 8, dome - 22
    middle, half = (heart_top + heart_low) / 2, (heart_top - heart_low) / 2
    front = -0.28 * build.half_depth
    r = build.aorta_radius
    arch = arch_line(build)
    foot, descending = arch[0], arch[-1]
    back = build.half_depth - 36
    pulmonary = max(-14.0, z3 + 10)
    out = [
        Organ("pericardium", Ellipsoid((hx, front, middle), (hw + 5, hd + 4, half + 5)), -85, 1.0),
        Organ("heart", Ellipsoid((hx, front, middle), (hw, hd, half)), 0.25 * 42 + 0.75 * blood),
        Organ("right atrium", Ellipsoid((-22, front + 12, middle + 0.2 * half), (24, 26, 0.7 * half)), blood),
        Organ("left atrium", Ellipsoid((2, 14, z3), (32, 17, 19)), blood),
        Organ("oesophagus", Tube.of([(6, 32, build.apex + 60), (8, 34, 0), (12, 30, dome - 40)], 6.5), 38),
        Organ("ascending aorta", Tube.of([(-6, -20, z3), foot], [r * 1.1, r]), blood),
        Organ("aortic arch", Tube.of(arch, arch_radii(build).tolist()), blood),
        Organ(
            "descending aorta",
            Tube.of([descending, (26, back, -30), (20, back, dome), (4, back - 6, dome - 160)], 0.82 * r),
            blood,
        ),
    ]
    out += _great_vessels(build, arch)
    out += [
        Organ(
            "pulmonary trunk",
            Tube.of([(20, -42, z3 + 2), (24, -30, pulmonary - 4), (22, -14, pulmonary)], 13),
            blood,
        ),
        Organ(
            "right pulmonary artery",
            Tube.of([(20, -14, pulmonary), (-16, -3, pulmonary - 2), (-40, 8, pulmonary - 8)], [11, 10, 8]),
            blood,
            1.0,
        ),
        Organ(
            "left pulmonary artery",
            Tube.of([(22, -14, pulmonary), (38, 4, pulmonary + 6), (44, 14, pulmonary - 4)], [11, 10, 8]),
            blood,
            1.0,
        ),
    ]
    for side, height in ((-1, 13.0), (-1, -8.0), (1, 14.0), (1, -6.0)):
        reach = 44 if side < 0 else 47
        line = [(side * 18, 14, z3 + 0.3 * height), (side * reach, 4 if height > 0 else 22, z3 + height)]
        out.append(Organ("pulmonary vein", Tube.of(line, [8, 6]), blood, 1.0))
    return out


def _great_vessels(build: Build, arch: np.ndarray) -> list[Organ]:
    blood = build.blood_hu
    up = build.apex
    z1 = build.arch_top
    first, second, third = arch[6], arch[8], arch[10]
    return [
        Organ(
            "brachiocephalic artery",
            Tube.of([first, (-10, -14, z1 + 24), (-26, -6, up + 10), (-30, -4, up + 120)], [7, 6.5, 4, 3.5]),
            blood,
        ),
        Organ(
            "left carotid artery",
            Tube.of([second, (19, -6, z1 + 20), (26, -2, up + 20), (30, -4, up + 120)], [4.5, 4, 3.6, 3.2]),
            blood,
        ),
        Organ(
            "left subclavian artery",
            Tube.of(
                [third, (27, 12, z1 + 20), (34, 10, up - 4), (60, 2, up + 14), (110, 4, up)],
                [5.5, 5, 5, 4, 4],
            ),
            blood,
        ),
        Organ(
            "superior vena cava",
            Tube.of([(-24, -22, z1 - 2), (-25, -18, -8), (-24, -14, build.venous - 6)], [9, 9.5, 10]),
            blood,
        ),
        Organ(
            "left brachiocephalic vein",
            Tube.of([(36, -30, z1 + 26), (8, -40, z1 + 10), (-24, -22, z1 - 2)], [6.5, 6.5, 7.5]),
            0.9 * blood,
        ),
        Organ(
            "right brachiocephalic vein",
            Tube.of([(-24, -22, z1 - 2), (-34, -24, up)], [8, 7]),
            0.9 * blood,
        ),
    ]


def abdomen(build: Build) -> list[Organ]:
    """Stomach, spleen, kidneys and gas-filled bowel below the diaphragm (the liver follows the dome)."""
    a, b = build.half_width, build.half_depth
    share, size, _ = build.stomach
    enhanced = build.blood_hu > 60
    low = build.left_dome
    out = [
        Organ(
            "spleen", Ellipsoid((0.66 * a, 0.42 * b, low - 62), (30, 36, 44)), 105 if enhanced else 48, None
        ),
        Organ(
            "stomach wall",
            Ellipsoid((share * a, -0.1 * b, low - size - 9), (size + 5, size + 7, size + 4)),
            45,
            None,
        ),
        Organ("left kidney", Ellipsoid((58, 0.45 * b, low - 125), (26, 24, 50)), 34, None),
        Organ("right kidney", Ellipsoid((-58, 0.45 * b, build.dome - 145), (26, 24, 50)), 34, None),
        Organ("bowel", Ellipsoid((0, -0.35 * b, build.dome - 190), (0.8 * a, 0.5 * b, 60)), 20, None),
    ]
    if build.bowel_gas:
        flexure = low - 34
        out += [
            Organ("colon wall", Ellipsoid((0.72 * a, -0.45 * b, flexure), (22, 20, 16)), 40, None),
            Organ("colon gas", Ellipsoid((0.72 * a, -0.45 * b, flexure), (19, 17, 13)), -960, None),
        ]
    return out
