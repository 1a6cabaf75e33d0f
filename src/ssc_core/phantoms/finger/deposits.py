"""Calcinosis deposits of a wanted area: lumps, plaques and stippled clouds, beside bone or on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.phantoms.finger.chain import Finger
from ssc_core.phantoms.finger.ripple import Ripple

__all__ = ["Deposit", "Kind", "placed_deposits"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Kind = Literal["lump", "plaque", "stippled"]

GAP_MM = 1.0  # a free deposit keeps this distance from bone, and every deposit from the others
_JOINT_MM = 2.2  # no deposit where two bones are both nearer than this


@dataclass(frozen=True)
class Deposit:
    """One deposit as an implicit body.

    Parameters
    ----------
    kind : {"lump", "plaque", "stippled"}
        Form.
    centre : tuple of float
        (x, y) in the finger's millimetres, at w = 0.
    angle : float
        Direction of its long side, radians.
    size, slender, curl, ragged : float
        Radius (mm) of a disc of its area, ratio of long to short side, curvature (1/mm), roughness.
    touching : bool
        Whether it may lie on bone; if not, it keeps :data:`GAP_MM` from it.
    hu, grain : float
        Mean HU, and relative spread of the HU inside.
    rim, grit : Ripple
        Texture of the rim and of the inside.
    level : float
        Where the implicit body ends; found so that the area is the wanted one.
    """

    kind: Kind
    centre: tuple[float, float]
    angle: float
    size: float
    slender: float
    curl: float
    ragged: float
    touching: bool
    hu: float
    grain: float
    rim: Ripple
    grit: Ripple
    level: float = 0.0

    def form(self, x: FloatArray, y: FloatArray, w: FloatArray | float) -> FloatArray:
        """Implicit function: high inside, falling outwards by about 1 per radius."""
        dx, dy = x - self.centre[0], y - self.centre[1]
        along = dx * np.cos(self.angle) + dy * np.sin(self.angle)
        across = dy * np.cos(self.angle) - dx * np.sin(self.angle) - self.curl * along**2
        stretch = np.sqrt(self.slender)
        r = np.sqrt((along / stretch) ** 2 + (across * stretch) ** 2 + (np.asarray(w) / 1.1) ** 2)
        out: FloatArray = -r / self.size + self.ragged * self.rim(x, y, w)
        return out

    def hu_at(self, x: FloatArray, y: FloatArray, w: FloatArray | float) -> FloatArray:
        """HU inside."""
        return np.clip(self.hu * (1 + self.grain * self.grit(x, y, w)), 260.0, 1700.0)

    def reach(self) -> float:
        """Radius (mm) of a ball around the centre that holds it."""
        return float(2.2 * self.size * np.sqrt(self.slender) + 0.8)

    def body(
        self, finger: Finger, taken: BoolArray, x: FloatArray, y: FloatArray, w: FloatArray | float
    ) -> BoolArray:
        """Where it lies on a grid (`taken` is denied): one piece, bone and joints spared."""
        form = self.form(x, y, w)
        return _largest(~taken & (form > self.level) & self.allowed(finger, x, y, w))

    def allowed(self, finger: Finger, x: FloatArray, y: FloatArray, w: FloatArray | float) -> BoolArray:
        """Where bone and joints leave room for it."""
        depths = np.sort(finger.bone_depths(x, y, w), axis=0)
        clear = 0.0 if self.touching else GAP_MM
        ok: BoolArray = (depths[-1] < -clear) & (depths[-2] < -_JOINT_MM)
        return ok


def placed_deposits(
    finger: Finger,
    areas: tuple[float, ...],
    touching: tuple[bool, ...],
    rng: np.random.Generator,
    *,
    span: tuple[float, float],
    hu: tuple[float, float] = (320.0, 1450.0),
    step: float = 0.08,
) -> tuple[Deposit, ...]:
    """Deposits of the wanted sagittal areas, apart from one another.

    Parameters
    ----------
    finger : Finger
        Where they are put.
    areas, touching : tuple
        Wanted area (mm2) at w = 0, and whether it lies on bone, for each.
    rng : numpy.random.Generator
        Source of variation.
    span : tuple of float
        Range along x (mm) in which centres may lie.
    hu : tuple of float
        Range of mean HU.
    step : float
        Grid (mm) on which the level is found.

    Returns
    -------
    tuple of Deposit
        Largest first; one that found no room in 60 tries is left out.
    """
    done: list[tuple[Deposit, float]] = []
    order = np.argsort(areas)[::-1]
    for i in order:
        for _ in range(60):
            deposit = _candidate(finger, areas[i], touching[i], rng, span, hu)
            if deposit is None or _crowded(deposit, done):
                continue
            fitted = _with_area(deposit, finger, areas[i], step)
            if fitted is not None:
                done.append((fitted, areas[i]))
                break
    return tuple(d for d, _ in done)


def _candidate(
    finger: Finger,
    area: float,
    touching: bool,
    rng: np.random.Generator,
    span: tuple[float, float],
    hu: tuple[float, float],
) -> Deposit | None:
    kind: Kind = ("lump", "lump", "plaque", "stippled")[int(rng.integers(4))] if area > 1.5 else "lump"
    size = float(np.sqrt(area / np.pi))
    slender = float(rng.uniform(2.2, 4.5) if kind == "plaque" else rng.uniform(1.0, 1.7))
    x = rng.uniform(*span)
    side = rng.choice([-1.0, 1.0])
    # walk out from the bones to where the deposit shall lie
    y = float(np.interp(x, finger.line[:, 0], finger.line[:, 1])) + side * np.arange(0, 16, 0.1)
    out = -finger.bone_depths(np.full_like(y, x), y, 0.0, reach=14.0).max(axis=0)
    half = size / np.sqrt(slender)
    wanted = 0.55 * half if touching else GAP_MM + half * rng.uniform(1.0, 1.5) + rng.uniform(0, 1.0)
    hit = np.flatnonzero((out[1:] >= wanted) & (out[:-1] < wanted))
    if not len(hit):
        return None
    centre = (float(x), float(y[hit[0] + 1]))
    if finger.skin_depth(np.array(centre[0]), np.array(centre[1]), 0.0) < 0.8:
        return None
    tilt = rng.normal(0, 0.15 if kind == "plaque" else 0.7)
    return Deposit(
        kind,
        centre,
        float(tilt),
        size,
        slender,
        float(rng.normal(0, 0.03)) if kind == "plaque" else 0.0,
        {"lump": 0.16, "plaque": 0.12, "stippled": 0.3}[kind] * rng.uniform(0.5, 1.2),
        touching,
        float(rng.uniform(*hu)),
        {"lump": 0.06, "plaque": 0.08, "stippled": 0.25}[kind],
        Ripple.drawn(rng, max(1.0, 1.1 * size), k=12),
        Ripple.drawn(rng, 1.0, k=12),
    )


def _crowded(deposit: Deposit, done: list[tuple[Deposit, float]]) -> bool:
    for other, _ in done:
        away = np.hypot(deposit.centre[0] - other.centre[0], deposit.centre[1] - other.centre[1])
        if away < GAP_MM + 0.75 * (deposit.reach() + other.reach()):
            return True
    return False


def _with_area(deposit: Deposit, finger: Finger, area: float, step: float) -> Deposit | None:
    """The deposit with the level at which its section at w = 0 has the wanted area."""
    step = min(step, deposit.size / 12)
    reach = deposit.reach()
    ticks = np.arange(-reach, reach + step, step)
    y, x = np.meshgrid(deposit.centre[1] + ticks, deposit.centre[0] + ticks, indexing="ij")
    form = np.where(deposit.allowed(finger, x, y, 0.0), deposit.form(x, y, 0.0), -np.inf)
    low, high = -2.2, float(form.max())
    for _ in range(22):
        level = (low + high) / 2
        if _largest(form > level).sum() * step**2 > area:
            low = level
        else:
            high = level
    body = _largest(form > level)
    found = body.sum() * step**2
    rim = body[0].any() or body[-1].any() or body[:, 0].any() or body[:, -1].any()
    if rim or abs(found - area) > max(0.03 * area, 3 * step**2):
        return None
    return replace(deposit, level=float(level))


def _largest(mask: BoolArray) -> BoolArray:
    labels, n = ndi.label(mask)
    if n <= 1:
        return mask
    counts = np.bincount(labels.ravel())[1:]
    out: BoolArray = labels == 1 + int(counts.argmax())
    return out
