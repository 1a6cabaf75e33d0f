"""Bones of a volume from a phalanx U-Net that was trained on volumes."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bone, Bones
from ssc_core.calcinosis.numbering import strung
from ssc_core.calcinosis.solid.bones import bone_of, near_bone_hu, signed_distance
from ssc_core.calcinosis.solid.grid import Block
from ssc_core.calcinosis.unet.pieces import cores_of
from ssc_core.calcinosis.unet.predict import Segmenter
from ssc_core.progress import Tick, silent

__all__ = ["network_bones_3d"]

_SMALLEST_MM3 = 20.0


def network_bones_3d(block: Block, segmenter: Segmenter, tick: Tick = silent) -> Bones:
    """Find and number bones of a volume with a network.

    Parts of one class that hang together are one bone; the rest of what is bone belongs to the nearest.

    Parameters
    ----------
    block : Block
        HU and geometry.
    segmenter : Segmenter
        A network for volumes.
    tick : Tick
        Told after each tile.

    Returns
    -------
    Bones
        Possibly none; ``area_mm2`` of its bones is a volume here (mm3); ``seen`` is NaN, as no edges are
        followed.
    """
    shares = segmenter.volume_shares(block.hu, block.step, tick)
    bone = shares[0] < 0.5
    cores, kinds = cores_of(bone, shares[1:].argmax(0), _SMALLEST_MM3 / block.part_mm3, 6)
    if not kinds:
        empty = np.zeros(bone.shape, np.int32)
        return Bones(empty, (), near_bone_hu(block, bone), np.full(bone.shape, np.inf), math.nan)
    index = ndi.distance_transform_edt(
        cores == 0, sampling=block.step, return_distances=False, return_indices=True
    )
    labels = np.where(bone, cores[tuple(index)], 0).astype(np.int32)
    found = []
    for k, box in enumerate(ndi.find_objects(labels), 1):
        found.append(bone_of(labels[box] == k, box, bone.shape, block.step, math.nan))
    fingers = {i: n for n, chain in enumerate(strung(found), 1) for i in chain}
    named = tuple(
        Bone(fingers[i], kinds[i], b.area_mm2, b.cut, b.seen, True, b.start, b.end, b.height_mm)
        for i, b in enumerate(found)
    )
    mask = labels > 0
    near = near_bone_hu(block, mask)
    return Bones(labels, named, near, signed_distance(mask, block.step), math.nan)
