"""The 2-D method on a volume: one sagittal image through the middle of each finger."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage as ndi

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.solid.results import SolidResult
from ssc_core.errors import EmptyError
from ssc_core.geometry import Frame
from ssc_core.io.image import FingerImage
from ssc_core.progress import Tick, share, silent

__all__ = ["sagittal", "sagittal_table"]

FloatArray = npt.NDArray[np.float64]

_AROUND_MM = 9.0  # soft tissue shown beside the bones
_SLAB_MM = 0.5


def sagittal(
    hu: npt.NDArray[np.float32],
    frame: Frame,
    bones: npt.NDArray[np.bool_],
    *,
    normal: FloatArray | None = None,
    slab_mm: float = _SLAB_MM,
) -> FingerImage:
    """A sagittal image through the middle of one finger.

    It holds the finger's long axis; across it, the plane is that in which the finger is bent, or, for a
    straight finger, the one square to the bones' broader side.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32.
    frame : Frame
        Its voxels, mm.
    bones : ndarray
        (z, y, x) bool: the bones of that finger.
    normal : ndarray, optional
        (3,) direction square to the wanted plane, mm in array axis order; found from the bones if absent.
    slab_mm : float
        Thickness over which HU are averaged.

    Raises
    ------
    EmptyError
        If there is no bone.
    """
    points = frame.to_physical(np.argwhere(bones))
    if len(points) < 50:
        raise EmptyError("there is no bone through which a sagittal image could be laid")
    centre = points.mean(0)
    _, axes = np.linalg.eigh(np.cov(points.T))
    along = axes[:, -1]
    square = _normal(points - centre, along) if normal is None else np.asarray(normal, float)
    square = square - (square @ along) * along
    square = square / np.linalg.norm(square)
    up = np.cross(square, along)
    pixel = float(min(frame.spacing))
    s, t = (points - centre) @ along, (points - centre) @ up
    columns = np.arange(s.min() - _AROUND_MM, s.max() + _AROUND_MM, pixel)
    rows = np.arange(t.min() - _AROUND_MM, t.max() + _AROUND_MM, pixel)
    layers = np.linspace(-0.5, 0.5, 3) * slab_mm * 2 / 3
    at = centre + (rows[:, None, None] * up + columns[None, :, None] * along)
    at = at[:, _covered(frame.to_index(at), hu.shape, (rows > t.min()) & (rows < t.max()))]
    planes = [
        ndi.map_coordinates(
            np.asarray(hu, np.float32),
            np.moveaxis(frame.to_index(at + w * square), -1, 0),
            order=1,
            cval=-1024.0,
        )
        for w in layers
    ]
    image = np.asarray(np.mean(planes, axis=0), np.float32)
    return FingerImage(
        image,
        Frame((pixel, pixel), (0.0, 0.0)),
        np.zeros(image.shape, bool),
        1.0,
        "sagittal reformat of a volume",
    )


def _covered(index: FloatArray, shape: tuple[int, ...], finger: npt.NDArray[np.bool_]) -> slice:
    """Columns in which the bones' whole height lies in the volume; beyond, they would end in nothing."""
    within = (index > -0.5) & (index < np.asarray(shape) - 0.5)
    inside = np.asarray(np.all(within, axis=-1))
    good = np.flatnonzero(inside[finger].all(0))
    return slice(int(good[0]), int(good[-1]) + 1) if len(good) else slice(None)


def _normal(points: FloatArray, along: FloatArray) -> FloatArray:
    """Direction square to the plane in which the finger's middle line bends away from its chord."""
    s = points @ along
    flat = points - np.outer(s, along)
    place = np.digitize(s, np.linspace(s.min(), s.max(), 24))
    middle = np.array([flat[place == k].mean(0) for k in np.unique(place) if (place == k).sum() > 10])
    values, axes = np.linalg.eigh(np.cov(middle.T)) if len(middle) > 3 else (np.zeros(3), np.eye(3))
    bent = math.sqrt(max(float(values[-1]), 0.0))
    if bent > 0.8:  # mm: clearly bent
        return np.cross(along, axes[:, -1])
    _, axes = np.linalg.eigh(np.cov(flat.T))
    return np.asarray(axes[:, -1])  # the broader side of the bones


def sagittal_table(
    hu: npt.NDArray[np.float32], result: SolidResult, params: CalcinosisParams, *, tick: Tick = silent
) -> tuple[pd.DataFrame, dict[int, FingerImage]]:
    """The 2-D method on each finger's sagittal image.

    Returns
    -------
    table : DataFrame
        finger, lesions, area_mm2, low, high, note (why there is no value).
    images : dict
        Finger to its image.
    """
    rows = []
    images = {}
    fingers = list(result.bones.groupby("finger", sort=True))
    for number, (finger, bones) in enumerate(fingers):
        here = share(tick, number / len(fingers), (number + 1) / len(fingers))
        here(0.0, 1.0, "measuring sagittal images")
        mask = np.isin(result.bone_labels, bones.label)
        image = sagittal(hu, result.frame, mask)
        images[int(str(finger))] = image
        row = {"finger": finger, "lesions": math.nan, "area_mm2": math.nan, "low": math.nan, "high": math.nan}
        try:
            flat = analyse(image, params, tick=here)
        except EmptyError as error:
            rows.append({**row, "note": error.message})
            continue
        total = flat.measurements["total_area"]
        seen = {
            "lesions": float(len(flat.lesions)),
            "area_mm2": total.value,
            "low": total.low,
            "high": total.high,
        }
        rows.append({**row, **seen, "note": ""})
    return pd.DataFrame(rows, columns=["finger", "lesions", "area_mm2", "low", "high", "note"]), images
