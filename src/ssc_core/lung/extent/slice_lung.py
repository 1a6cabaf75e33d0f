"""Lung of one single slice: a plain mask for CTs of which only a slice is left."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError

__all__ = ["lung_of_slice"]

Bool = npt.NDArray[np.bool_]

_BODY_HU, _LUNG_HU, _DENSE_HU = -300.0, -350.0, -200.0
_LEAST_MM2, _AIRWAY_MM2 = 600.0, 900.0


def lung_of_slice(hu: npt.NDArray[np.float32], spacing_mm: tuple[float, float]) -> Bool:
    """Air and hazy lung inside the body, closed over vessels, without trachea and main bronchi.

    A slice alone shows neither the run of the trachea nor what lies above and below: a whole CT gives a
    better mask (:func:`ssc_core.lung.analyse`). Lung denser than about -200 HU is left out.

    Parameters
    ----------
    hu : ndarray of float32, (y, x)
        HU; what lies outside the field of view is air.
    spacing_mm : tuple of float
        (y, x).

    Raises
    ------
    EmptyError
        If there is no lung.
    """
    pixel = spacing_mm[0] * spacing_mm[1]
    image = np.clip(hu, -1024, 1000).astype(np.float32)
    body = _body(image, spacing_mm)
    smooth = cv2.GaussianBlur(image, (0, 0), 1.2 / spacing_mm[1])
    air = (image < _LUNG_HU) & body
    hazy = (smooth < _DENSE_HU) & body
    lung = np.zeros(hu.shape, bool)
    for part in _parts(air, 25.0 / pixel):
        if not _airway(part, image, pixel):
            lung |= part
    grown = cv2.dilate((lung & body).astype(np.uint8), _disc(6.0, spacing_mm)).astype(bool) & hazy
    lung |= grown
    closed = cv2.morphologyEx(lung.astype(np.uint8), cv2.MORPH_CLOSE, _disc(6.0, spacing_mm)).astype(bool)
    opened = cv2.morphologyEx((closed & body).astype(np.uint8), cv2.MORPH_OPEN, _disc(2.0, spacing_mm))
    out = np.zeros(hu.shape, bool)
    for part in _parts(opened.astype(bool), _LEAST_MM2 / pixel):
        out |= part
    out &= ~_airways(image, out, pixel)
    if not out.any():
        raise EmptyError("no lung is found in this slice; check that it shows a chest in HU")
    return out


def _body(image: npt.NDArray[np.float32], spacing_mm: tuple[float, float]) -> Bool:
    """The largest thing that is no air, with all that it encloses, also where the image cuts it."""
    edge = 12
    solid = np.pad((image > _BODY_HU).astype(np.uint8), edge, mode="edge")
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _disc(3.0, spacing_mm))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    if count < 2:
        raise EmptyError("no body is found in this slice; check that its values are HU")
    body = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    for line in (body[edge], body[-edge - 1], body[:, edge], body[:, -edge - 1]):  # close cut sides
        for a, b in pairwise(np.flatnonzero(line).tolist()):
            if b - a > 1 and (b - a) < 0.6 * len(line):
                line[a:b] = 1
    rest = cv2.connectedComponents(1 - body, connectivity=4)[1]
    outside = np.unique(np.concatenate([rest[0], rest[-1], rest[:, 0], rest[:, -1]]))
    filled = ~np.isin(rest, outside[outside > 0])
    return np.asarray(filled[edge:-edge, edge:-edge])


def _parts(mask: Bool, least: float) -> list[Bool]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return [labels == k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= least]


def _airway(part: Bool, image: npt.NDArray[np.float32], pixel: float) -> bool:
    """Whether a component is a cut through trachea or bronchus: small, and nothing in it but air."""
    return bool(np.count_nonzero(part) * pixel < _AIRWAY_MM2 and np.median(image[part]) < -930)


def _airways(image: npt.NDArray[np.float32], lung: Bool, pixel: float) -> Bool:
    """Large lumens of pure air that the closing took in."""
    out = np.zeros(lung.shape, bool)
    for part in _parts((image < -960) & lung, 40.0 / pixel):
        if np.count_nonzero(part) * pixel < _AIRWAY_MM2:
            out |= part
    return out


def _disc(mm: float, spacing_mm: tuple[float, float]) -> npt.NDArray[np.uint8]:
    ry, rx = (max(1, round(mm / s)) for s in spacing_mm)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rx + 1, 2 * ry + 1)), np.uint8)
