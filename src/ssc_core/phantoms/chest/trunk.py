"""The trunk around the lungs: skin, fat, muscle, liver, the other abdominal organs, bones, table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.chest.bones import (
    is_cartilage,
    limb_bones,
    rib_distance,
    scapula_distance,
    spine_distance,
    sternum_distance,
)
from ssc_core.phantoms.chest.cage import cage_distance, diaphragm_distance
from ssc_core.phantoms.chest.organs import abdomen
from ssc_core.phantoms.chest.shapes import Ellipsoid, Field, coverage, smooth_max
from ssc_core.phantoms.chest.slab import Slab, Window

__all__ = ["Trunk", "paint_table", "paint_trunk"]


class Trunk:
    """What the painting of the trunk leaves for the lungs: a block, and fields on it."""

    def __init__(self, window: Window, cage: Field, diaphragm: Field) -> None:
        self.window = window
        self.cage = cage
        self.diaphragm = diaphragm


def _outline(slab: Slab) -> Field:
    """Distance to the skin (mm, negative inside)."""
    b = slab.scene.build
    a, d, f, up = b.half_width, b.half_depth, b.fat, b.apex
    heights = [b.dome - 250, b.dome - 60, up - 150, up - 90, up - 10, up + 25, up + 60, up + 130]
    wide = [a + 12 + f, a + 20 + f, a + 26 + f, a + 38 + f, a + 74 + f, a + 50, 72, 64]
    deep = [d + 16 + f, d + 22 + f, d + 26 + f, d + 24 + f, d + 4 + 0.6 * f, 82, 64, 62]
    back = [8, 8, 6, 8, 12, 6, 0, -8]
    z = slab.z
    sx, sy, cy = (np.interp(z, heights, v).astype(np.float32) for v in (wide, deep, back))
    p, q = np.abs(slab.x) / sx, np.abs(slab.y - cy) / sy
    level = np.power(p * p * np.sqrt(p) + q * q * np.sqrt(q) + np.float32(1e-9), np.float32(0.4))
    radius = np.sqrt(slab.x**2 + (slab.y - cy) ** 2)
    out: Field = radius * (1 - 1 / level)
    return out


def paint_trunk(slab: Slab) -> Trunk | None:
    """Paint everything but the chest's content; None where no part of the trunk is in the block."""
    b = slab.scene.build
    for organ in limb_bones(b):
        if organ.name.startswith("arm"):
            slab.paint(organ.shape, organ.hu)
    skin = _outline(slab)
    slab.fill(skin, 10)
    slab.fill(skin + np.float32(1.8), -102)
    window = slab.box(
        (-b.half_width - 45, -b.half_depth - 25, -1e4), (b.half_width + 45, b.half_depth + 48, 1e4)
    )
    if window is None:
        slab.fill(skin + np.float32(1.8 + b.fat), 52)
        return None
    muscle = skin + np.float32(1.8 + b.fat)
    x, y, z = slab.at(window)
    cage = cage_distance(b, x, y, z)
    muscle[window] = np.minimum(muscle[window], np.maximum(cage - np.float32(13), skin[window] + 4))
    slab.fill(muscle, 52)
    slab.fill(cage, -92, window)
    diaphragm = diaphragm_distance(b, x, y, z)
    slab.fill(np.maximum(cage, np.abs(diaphragm - np.float32(1.8)) - np.float32(1.8)), 45, window)
    _paint_abdomen(slab, window, cage, diaphragm)
    return Trunk(window, cage, diaphragm)


def _paint_abdomen(slab: Slab, window: Window, cage: Field, diaphragm: Field) -> None:
    b = slab.scene.build
    x, _, z = slab.at(window)
    if float(np.min(z)) < b.dome + 5:
        liver = smooth_max(cage + np.float32(3), np.float32(3) - diaphragm, 8.0)
        edge = x - np.float32(34) + np.float32(0.45) * (np.float32(b.dome) - z)
        liver = smooth_max(liver, np.maximum(edge, np.float32(b.dome - 165) - z), 12.0)
        slab.fill(liver, 112 if b.blood_hu > 60 else 57, window)
    for organ in abdomen(b):
        painted = slab.paint(organ.shape, organ.hu)
        if painted is not None and organ.name == "stomach wall":
            _paint_stomach(slab, organ.shape)


def _paint_stomach(slab: Slab, wall: object) -> None:
    """Fluid below, gas above the level that gravity sets."""
    assert isinstance(wall, Ellipsoid)
    b = slab.scene.build
    rx, ry, rz = (r - 4 for r in wall.radii)
    lumen = Ellipsoid(wall.centre, (rx, ry, rz))
    painted = slab.paint(lumen, 18)
    if painted is None:
        return
    window, distance = painted
    down = -1.0 if slab.scene.pose.prone else 1.0
    surface = wall.centre[1] + down * ry * (2 * b.stomach[2] - 1) * 0.8
    y = slab.at(window)[1]
    slab.fill(np.maximum(distance, np.float32(down) * (y - np.float32(surface))), -985, window)


def paint_bones(slab: Slab, trunk: Trunk) -> npt.NDArray[np.bool_]:
    """Ribs, spine, sternum, clavicles, shoulder blades; returns where bone is."""
    b = slab.scene.build
    bone = np.zeros(slab.shape, bool)
    window, view = trunk.window, slab.hu[trunk.window]
    x, y, z = slab.at(window)
    shell = np.nonzero((trunk.cage > 0) & (trunk.cage < 34))
    cage = trunk.cage[shell]
    fx, fy, fz = (np.broadcast_to(c, view.shape)[shell] for c in (x, y, z))
    rib = rib_distance(b, cage, fx, fy, fz)
    blade = scapula_distance(b, cage, fx, fy, fz)
    cartilage = is_cartilage(b, fx, fy)
    hu = view[shell]
    density = np.where(rib > -2.0, 620, 260) + np.where(cartilage, np.where(rib > -2.0, -490, -160), 0)
    hu += coverage(rib, slab.grid.pixel) * (density - hu)
    hu += coverage(blade, slab.grid.pixel) * (np.where(blade > -1.8, 640, 240) - hu)
    view[shell] = hu
    bone[window][shell] = ((rib < 0) & ~cartilage) | (blade < 0)
    spine, disc = spine_distance(b, x, y, z)
    slab.fill(disc, 85, window)
    for distance in (spine, sternum_distance(b, x, y, z)):
        slab.fill(distance, 480, window)
        slab.fill(distance + np.float32(2.2), 190, window)
        bone[window] |= distance < 0
    for organ in limb_bones(b):
        if organ.name in ("clavicle", "humerus", "arm bone"):
            painted = slab.paint(organ.shape, organ.hu)
            if painted is not None:
                bone[painted[0]] |= painted[1] < 0
    return bone


def paint_table(slab: Slab) -> None:
    """A curved table behind the back (in front of the chest when prone), fixed to the scanner."""
    scene = slab.scene
    b, (ox, oy, _) = scene.build, scene.pose.offset
    down = -1.0 if scene.pose.prone else 1.0
    x, y = slab.grid.x[None, None, :] - np.float32(ox), slab.grid.y[None, :, None] - np.float32(oy)
    _, bend = b.bend(b.dome)
    lie = down * (b.half_depth + 26 + b.fat + 10) + float(bend)
    centre = np.float32(lie + down * 2 - down * 520)
    arc = np.sqrt(x * x + (y - centre) ** 2) - np.float32(520)
    sides = np.abs(x) - np.float32(225)
    air = slab.hu < -900
    for depth, thick, hu in ((14.0, 13.0, -930.0), (2.0, 1.5, -150.0), (27.0, 1.5, -150.0)):
        shape = np.maximum(np.abs(arc - np.float32(depth)) - np.float32(thick), sides)
        shape = np.where(y * down > 0, shape, np.float32(50))
        share = coverage(shape, slab.grid.pixel) * air
        slab.hu += share * (np.float32(hu) - slab.hu)
