"""The outline of one phalanx, followed from its inside, so that a deposit on its cortex stays outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from scipy import special

__all__ = ["Outline", "Rays", "cast_rays", "follow"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_RAY_MM = 0.25  # distance between rays
_DEPTH_MM = 0.05  # step along a ray
_REACH_MM = 11.0
_THICKEST_MM = 2.3  # no cortex is thicker than this
_PULL = 4.5  # cost of a thickness that changes by 1 mm from one ray to the next, in edges lost
_MISSED = 1.0  # cost of a ray without an edge
_LONG_RUN = 6  # rays; shorter stretches without an edge are no deposits
_BESIDE = 12  # rays beside a deposit that tell how thick the cortex is there
_THICK_SHARE = 0.9  # quantile of the peaks around a bone where the cortex is thick
_FREE_HU = 180.0  # above soft tissue: what is darker beyond an edge is no deposit
_FLAT = 0.56  # a cortex whose surface lies higher than this on its peak is too thin to show the blur
_SHELL = (0.45, 0.995)  # thinner cortex than that of the lowest is not told from noise
_DROP = 0.4  # an edge falls by at least this share of the cortex's height; less is texture of a deposit


@dataclass(frozen=True)
class Rays:
    """Rays around a bone, in order around it.

    Parameters
    ----------
    start, direction : ndarray
        (n, 2) in mm, (y, x): first point and unit vector.
    depth : ndarray
        (m,) positions along each ray, mm.
    hu : ndarray
        (n, m) values; NaN outside the image.
    marrow : ndarray
        (n,) where each ray leaves the marrow, mm.
    """

    start: FloatArray
    direction: FloatArray
    depth: FloatArray
    hu: FloatArray
    marrow: FloatArray


@dataclass(frozen=True)
class Outline:
    """Where the bone ends on each ray.

    Parameters
    ----------
    edge : ndarray
        (n,) mm along each ray.
    clear : ndarray
        (n,) bool: an edge to soft tissue was seen there; elsewhere something lies on the bone.
    peak : ndarray
        (n,) HU of the cortex (taken from the neighbours where not clear).
    blur_mm : float
        Standard deviation of the image's blur as seen at the clear edges; NaN if there are too few.
    """

    edge: FloatArray
    clear: BoolArray
    peak: FloatArray
    blur_mm: float


def cast_rays(hu: npt.NDArray[np.float32], cell: BoolArray, step: tuple[float, float]) -> Rays | None:
    """Rays from the core line of a marrow `cell`, square to it along the shaft and fanned out at both ends.

    Returns
    -------
    Rays or None
        None if the cell is too small to have a direction.
    """
    at = np.argwhere(cell) * np.asarray(step)
    line = _core_line(at)
    if line is None:
        return None
    start, direction = _around(line)
    depth = np.arange(0.0, _REACH_MM, _DEPTH_MM)
    points = (start[:, None] + depth[None, :, None] * direction[:, None]) / np.asarray(step)
    values = ndi.map_coordinates(hu, points.transpose(2, 0, 1), order=1, cval=np.nan, output=np.float64)
    within = ndi.map_coordinates(
        cell.astype(np.float32), points.transpose(2, 0, 1), order=1, output=np.float32
    )
    # the last point in the marrow: a ray may cross a trabecula, but not leave the cell for long
    inside = within > 0.5
    last = np.where(inside.any(1), inside.shape[1] - 1 - inside[:, ::-1].argmax(1), 0)
    return Rays(start, direction, depth, values, depth[last])


def _core_line(at: FloatArray) -> FloatArray | None:
    """(n, 2) points along the middle of a cloud of points, ends held back by its half width."""
    centre = at.mean(0)
    _, vectors = np.linalg.eigh((at - centre).T @ (at - centre))
    across, axis = vectors.T
    s, n = (at - centre) @ axis, (at - centre) @ across
    half = max(0.4, 2 * float(np.median(np.abs(n))))
    low, high = s.min() + 1.3 * half, s.max() - 1.3 * half
    if high <= low:
        low, high = (low + high) / 2 - 0.1, (low + high) / 2 + 0.1
    bins = np.linspace(s.min(), s.max(), max(4, int((s.max() - s.min()) / 1.0)))
    which = np.digitize(s, bins)
    used = [k for k in range(1, len(bins)) if (which == k).any()]
    if not used:
        return None
    mids = np.array([s[which == k].mean() for k in used])
    middles = np.array([(n[which == k].min() + n[which == k].max()) / 2 for k in used])
    curve = np.polyfit(mids, middles, 2 if len(used) >= 8 else (1 if len(used) >= 4 else 0))
    along = np.linspace(low, high, max(3, int((high - low) / _RAY_MM) + 1))
    line: FloatArray = centre + along[:, None] * axis + np.polyval(curve, along)[:, None] * across
    return line


def _around(line: FloatArray) -> tuple[FloatArray, FloatArray]:
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    left = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    turn = np.linspace(0, np.pi, 37)[1:-1]
    far = np.cos(turn)[:, None] * left[-1] + np.sin(turn)[:, None] * tangent[-1]
    near = -np.cos(turn)[:, None] * left[0] - np.sin(turn)[:, None] * tangent[0]
    start = np.concatenate(
        [line, np.repeat(line[-1:], len(turn), 0), line[::-1], np.repeat(line[:1], len(turn), 0)]
    )
    direction = np.concatenate([left, far, -left[::-1], near])
    return start, direction


def follow(rays: Rays, soft_hu: float) -> Outline:
    """The closed path of falling edges along which the thickness over the marrow changes little.

    A deposit's own edge is farther from the marrow than any cortex is thick, or the thickness would have to
    jump there; both cost more than to cross the deposit without an edge. So the split is made by shape; no
    threshold is involved.
    """
    hu = np.where(np.isfinite(rays.hu), rays.hu, soft_hu)
    smooth = ndi.gaussian_filter(hu, (0.6, 0.1 / _DEPTH_MM))
    fall = -np.gradient(smooth, _DEPTH_MM, axis=1)
    calm = _calm(rays.marrow)
    over = np.arange(-0.3, _THICKEST_MM, 2 * _DEPTH_MM)  # thickness of what lies over the marrow
    at = np.clip(np.rint((calm[:, None] + over) / _DEPTH_MM).astype(int), 0, len(rays.depth) - 1)
    steep = np.take_along_axis(fall, at, 1)
    typical = max(float(np.quantile(steep.max(1), 0.6)), 1.0)
    thick = np.clip(over - 0.6 * _THICKEST_MM, 0, None)
    cost = _MISSED * (1 - np.clip(steep / typical, 0, 1)) + 0.6 * thick
    path = np.take_along_axis(at, _closed_path(cost, _PULL * 2 * _DEPTH_MM)[:, None], 1)[:, 0]
    strength = np.clip(fall / typical, 0, 1)
    return _refined(rays, hu, path, strength, soft_hu)


def _calm(marrow: FloatArray) -> FloatArray:
    """The marrow's outline without single trabeculae."""
    out: FloatArray = ndi.gaussian_filter1d(ndi.median_filter(marrow, 5, mode="wrap"), 0.8, mode="wrap")
    return out


def _closed_path(cost: FloatArray, pull: float) -> npt.NDArray[np.intp]:
    """Cheapest closed path: one position per row, `pull` for each column it moves between rows."""
    n, m = cost.shape
    first = int(np.argmin(cost.min(1)))  # cut the circle where the edge is clearest
    rolled = np.roll(cost, -first, axis=0)
    begin = int(np.argmin(rolled[0]))
    total = np.full(m, np.inf)
    total[begin] = rolled[0, begin]
    back = np.zeros((n, m), np.intp)
    columns = np.arange(m)
    for i in range(1, n):
        # distance transform of a sampled function under |.|: two sweeps give the minimum over all moves
        right, left = total - pull * columns, total + pull * columns
        from_left = np.minimum.accumulate(right) + pull * columns
        from_right = np.minimum.accumulate(left[::-1])[::-1] - pull * columns
        at_left = _running_argmin(right)
        at_right = m - 1 - _running_argmin(left[::-1])[::-1]
        back[i] = np.where(from_left <= from_right, at_left, at_right)
        total = np.minimum(from_left, from_right) + rolled[i]
    end = int(np.argmin(total + pull * np.abs(columns - begin)))
    path = np.empty(n, np.intp)
    path[-1] = end
    for i in range(n - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return np.roll(path, first)


def _running_argmin(a: FloatArray) -> npt.NDArray[np.intp]:
    best = np.minimum.accumulate(a)
    fresh = np.concatenate([[True], a[1:] < best[:-1]])
    return np.maximum.accumulate(np.where(fresh, np.arange(len(a)), 0))


def _refined(
    rays: Rays, hu: FloatArray, path: npt.NDArray[np.intp], strength: FloatArray, soft_hu: float
) -> Outline:
    """Half-height position on each ray, bridging those where nothing can be seen."""
    n, m = hu.shape
    rows = np.arange(n)
    back, ahead = round(0.9 / _DEPTH_MM), round(0.8 / _DEPTH_MM)
    edge = rays.depth[path].astype(float)
    seen = np.zeros(n, bool)
    widths = []
    usual = float(np.median(hu[rows, path].clip(soft_hu))) * 2 - soft_hu  # half of the cortex at its edge
    at = path[:, None] + np.arange(-back, ahead)
    around = np.take_along_axis(hu, np.clip(at, 0, m - 1), 1)
    around = np.where((at >= 0) & (at < m), around, np.nan)
    peak = np.nanmax(around[:, : back + 1], axis=1)
    outer = np.nanmin(around[:, back:], axis=1)
    free = outer < soft_hu + _FREE_HU
    thick = float(np.quantile(peak[free] if free.sum() >= 8 else peak, _THICK_SHARE))
    surface, solid = _shell((peak - soft_hu) / max(thick - soft_hu, 1.0))
    for i in rows:
        k = int(path[i])
        half = outer[i] + surface[i] * (peak[i] - outer[i])
        top = k - back + int(np.nanargmax(around[i, : back + 1]))
        below = np.flatnonzero(hu[i, top : k + ahead] <= half)
        falls = peak[i] - outer[i] > _DROP * (usual - soft_hu)
        if len(below) and below[0] and falls and strength[i, max(k - 2, 0) : k + 3].max() > 0.3:
            j = top + int(below[0])
            edge[i] = rays.depth[j - 1] + _DEPTH_MM * (hu[i, j - 1] - half) / (hu[i, j - 1] - hu[i, j])
            seen[i] = True
            if outer[i] < soft_hu + 120 and surface[i] < _FLAT:
                low = soft_hu + 0.1587 * solid[i] * (peak[i] - soft_hu)
                under = np.flatnonzero(hu[i, j : j + ahead] <= low)
                if len(under):
                    widths.append(rays.depth[j + under[0]] - edge[i])
    clear = seen & free
    if seen.sum() >= 8:
        edge = _bridged(edge, rays.marrow, seen)
    peak = soft_hu + solid * (peak - soft_hu)
    good = clear if clear.sum() >= 8 else seen
    if good.any():
        peak = np.interp(rows, rows[good], peak[good], period=n)
    blur = float(np.median(widths)) if len(widths) >= 12 else float("nan")
    return Outline(edge, clear, peak, blur)


def _shell(height: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where a thin cortex ends, and how bright bone would have to be that is no shell.

    Blur with standard deviation s lowers the peak of a cortex of thickness t to ``f = 2 Phi(t / 2s) - 1`` of
    its brightness. Its surface lies at ``Phi(t / s) - 1/2``: at half height only where it is thick.

    Parameters
    ----------
    height : ndarray
        The peak above soft tissue, as a share of that of thick cortex.

    Returns
    -------
    surface, solid : ndarray
        Height of the surface, and brightness of solid bone that shows the same beyond the surface (at a
        distance of s), both as a share of the peak.
    """
    f = np.clip(height, *_SHELL)
    t = 2 * special.ndtri((1 + f) / 2)
    surface: FloatArray = (special.ndtr(t) - 0.5) / f
    solid: FloatArray = (1 - special.ndtr(-1 - t) / special.ndtr(-1)) / f
    return surface, solid


def _bridged(edge: FloatArray, marrow: FloatArray, seen: BoolArray) -> FloatArray:
    """Where no edge was seen: the marrow's outline plus the thickness that the neighbours have.

    Short stretches are interpolated. The rays beside a long one may already see the thin rim of the deposit.
    So its two ends take a low quantile of the next rays' thickness, and rays beside it that are thicker than
    that are bridged too.
    """
    n = len(edge)
    calm = _calm(marrow)
    thickness = edge - calm
    rows = np.arange(n)
    out = np.interp(rows, rows[seen], edge[seen], period=n)
    for first, last in _runs(~seen):
        if last - first + 1 < _LONG_RUN:
            continue
        anchors, ends = [], []
        for side, at in ((-1, first), (1, last)):
            beside = (at + side * np.arange(1, 30)) % n
            beside = beside[seen[beside]][:_BESIDE]
            anchors.append(float(np.quantile(thickness[beside], 0.3)) if len(beside) else np.nan)
            near = thickness[(at + side * np.arange(1, _BESIDE)) % n] > anchors[-1] + 0.2
            ends.append(at + side * (int(np.argmin(near)) if not near.all() else 0))
        if not np.isfinite(anchors).any():
            continue
        left, right = (a if np.isfinite(a) else float(np.nanmean(anchors)) for a in anchors)
        rays = np.arange(ends[0], ends[1] + 1)
        out[rays % n] = calm[rays % n] + np.linspace(left, right, len(rays))
    return out


def _runs(mask: BoolArray) -> list[tuple[int, int]]:
    """First and last index of each stretch of a circle; a last index may lie beyond its end."""
    n = len(mask)
    starts = np.flatnonzero(mask & ~np.roll(mask, 1))
    return [(int(i), int(i) + int(np.argmin(np.roll(mask, -int(i)))) - 1) for i in starts] if n else []
