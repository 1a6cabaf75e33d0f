"""Where the healthy texture comes from, and whether the network takes it for healthy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.io.volume import Volume, open_volume
from ssc_core.lung.goh.planes import lung_of, planes
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.heatmap.params import HeatmapParams
from ssc_core.lung.heatmap.slice_map import check_texture
from ssc_core.lung.heatmap.texture import HealthyCheck, find_healthy, pattern_tile
from ssc_core.progress import Tick, silent

__all__ = ["Healthy", "HealthySlice", "healthy_texture", "phantom_slice", "replacing"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]

HEALTHY_TOT = 5.0
"""A slice that scores up to this may give the healthy texture."""
_CANDIDATES = 9


@dataclass(frozen=True)
class HealthySlice:
    """A slice that is taken for healthy: HU, lung, pixel size and where it is from."""

    hu: Field
    lung: Bool
    spacing_mm: tuple[float, float]
    origin: str


@dataclass(frozen=True)
class Healthy:
    """The texture that was chosen.

    Parameters
    ----------
    texture : ndarray of float32, (y, x)
        HU.
    origin : str
        Where it is from, in words.
    check : HealthyCheck
        How far it moves the healthy slice that it was cut from.
    """

    texture: Field
    origin: str
    check: HealthyCheck

    @property
    def note(self) -> str:
        """What must be said about it, "" if nothing."""
        return self.check.note


def healthy_texture(
    scorer: SliceScorer,
    params: HeatmapParams,
    *,
    image: Volume | None = None,
    mask: npt.NDArray[np.uint8] | None = None,
    given: Path | None = None,
    tick: Tick = silent,
) -> Healthy:
    """A texture that moves a healthy slice by less than half a percent point, or the one that moves it least.

    Tried in this order: the CT that is `given` as healthy; the least diseased slice of the CT itself, if it
    scores TOT <= 5 %; a chest phantom. From each the most ordinary square of lung is cut.

    Parameters
    ----------
    scorer : SliceScorer
        Whose map it is for.
    params : HeatmapParams
        Window and fade.
    image, mask : Volume and labels (z, y, x), optional
        The CT itself and its lungs.
    given : Path, optional
        A CT of healthy lungs.
    tick : Tick
        Progress.

    Raises
    ------
    InputError
        If the given CT cannot be used.
    """
    tried: list[Healthy] = []
    for k, one in enumerate(_candidates(scorer, image, mask, given, tick)):
        tick(min(k, 2), 3, "healthy texture")
        try:
            y, x, side = find_healthy(one.hu, one.lung)
        except EmptyError:
            if given is not None:
                raise
            continue
        texture = one.hu[y : y + side, x : x + side].copy()
        check = check_texture(scorer, one.hu, one.lung, one.spacing_mm, texture, params)
        tried.append(Healthy(texture, one.origin, check))
        if check.passed or given is not None:
            break
    if not tried:
        raise EmptyError(
            "no healthy-looking square of lung was found; name a CT of healthy lungs with --healthy"
        )
    passed = [t for t in tried if t.check.passed]
    return passed[0] if passed else min(tried, key=lambda t: float(np.abs(t.check.moves).max()))


def replacing(healthy: Healthy, params: HeatmapParams, spacing_mm: tuple[float, float]) -> Field:
    """What the squares are replaced by, HU: the healthy texture, a pattern on it, or a constant."""
    if params.replacement == "healthy":
        return healthy.texture
    if params.replacement == "constant":
        return np.full((1, 1), params.constant_hu, np.float32)
    return pattern_tile(healthy.texture, params.replacement, spacing_mm)


def phantom_slice(
    spacing_mm: tuple[float, float], shape: tuple[int, int] | None = None, *, seed: int = 0
) -> HealthySlice:
    """The slice at level 3 of a healthy chest phantom."""
    from ssc_core.phantoms.chest import Chest

    person = Chest(seed)
    level = person.levels()[3]
    low, _ = person.lung_range
    rows, columns = shape or (round(380 / spacing_mm[0]), round(380 / spacing_mm[1]))
    scan = person.render((3.0, *spacing_mm), (1, rows, columns), below_mm=low - level, noise_hu=12.0)
    return HealthySlice(
        scan.hu[0].astype(np.float32), scan.lung_mask[0], spacing_mm, "a healthy chest phantom"
    )


def _candidates(
    scorer: SliceScorer,
    image: Volume | None,
    mask: npt.NDArray[np.uint8] | None,
    given: Path | None,
    tick: Tick,
) -> Iterator[HealthySlice]:
    if given is not None:
        yield _of_given(given, tick)
        return
    spacing, shape = (0.7, 0.7), None
    if image is not None and mask is not None:
        own = _least_diseased(scorer, image, mask)
        if own is not None:
            yield own
        spacing, shape = (image.frame.spacing[1], image.frame.spacing[2]), image.shape[1:]
    yield phantom_slice(spacing, shape)


def _of_given(path: Path, tick: Tick) -> HealthySlice:
    from ssc_core.lung.pipeline import analyse

    image = open_volume(path, tick=tick)
    mask = analyse(image, tick=tick).mask
    z = int(lung_of(mask).sum(axis=(1, 2)).argmax())
    _, hu = next(planes(image, [z]))
    return HealthySlice(hu[0], lung_of(mask[z]), image.frame.spacing[1:], "the given healthy CT")  # type: ignore[arg-type]


def _least_diseased(scorer: SliceScorer, image: Volume, mask: npt.NDArray[np.uint8]) -> HealthySlice | None:
    area = lung_of(mask).sum(axis=(1, 2))
    large = np.flatnonzero(area >= 0.5 * area.max())
    wanted = np.unique(large[np.linspace(0, len(large) - 1, _CANDIDATES).round().astype(int)]).tolist()
    spacing = (image.frame.spacing[1], image.frame.spacing[2])
    best: tuple[float, HealthySlice] | None = None
    for part, hu in planes(image, wanted):
        lung = lung_of(mask[part])
        scores = scorer.score(hu, lung, spacing)[:, 0]
        k = int(np.argmin(np.nan_to_num(scores, nan=np.inf)))
        if np.isfinite(scores[k]) and (best is None or scores[k] < best[0]):
            origin = "the least diseased slice of this CT"
            best = float(scores[k]), HealthySlice(hu[k], lung[k], spacing, origin)
    return best[1] if best is not None and best[0] <= HEALTHY_TOT else None
