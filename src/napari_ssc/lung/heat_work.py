"""Mapping one slice off the GUI thread: the scorer, its healthy texture, pictures from coarse to fine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssc_core.errors import InputError
from ssc_core.lung.goh.engines import identity, scorer_of
from ssc_core.lung.goh.planes import lung_of, planes
from ssc_core.lung.goh.scorer import facts_of_ct
from ssc_core.lung.heatmap.refining import refined_slice_heatmaps
from ssc_core.lung.heatmap.source import healthy_texture, replacing
from ssc_core.params import parsed
from ssc_core.progress import Tick, share

__all__ = [
    "Prepared", "extent_of", "lung_at", "map_slice", "plain", "prepared", "save_extents", "save_heat",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Prepared:
    """What all maps of a CT by one scorer share.

    Parameters
    ----------
    lung : LungResult
        The lungs.
    scorer : SliceScorer
        Who scores.
    params : HeatmapParams
        How.
    healthy : Healthy or None
        What replaces; None until a heat map was asked for.
    outside : tuple of str
        In what the CT is not as the scorer's training set.
    """

    lung: Any
    scorer: Any
    params: Any
    healthy: Any
    outside: tuple[str, ...]

    def fits(self, lung: Any, params: Any) -> bool:
        """Whether it can be used for these lungs and parameters; the threshold changes no map."""
        return self.lung is lung and _without_threshold(self.params) == _without_threshold(params)

    @property
    def scored_by(self) -> str:
        """Name and digest."""
        return identity(self.scorer)


def lung_at(lung: Any, z: int) -> Any:
    """Both lungs in a slice.

    Raises
    ------
    InputError
        If there is no lung.
    """
    mask = lung_of(lung.mask[z])
    if not mask.any():
        raise InputError(f"slice {z} holds no lung; go to another one")
    return mask


def prepared(lung: Any, params: Any, before: Prepared | None, *, healthy: bool, tick: Tick) -> Prepared:
    """The scorer, and the healthy texture if heat maps are wanted; what is known `before` is kept."""
    known = before if before is not None and before.fits(lung, params) else None
    if known is not None and (known.healthy is not None or not healthy):
        return known
    tick(0.0, 1.0, "loading the scorer")
    scorer = scorer_of(params.scorer, params.device) if known is None else known.scorer
    outside = scorer.outside(lung.image.frame, facts_of_ct(lung.image))
    found = None
    if healthy:
        found = healthy_texture(scorer, params, image=lung.image, mask=lung.mask, tick=tick)
    return Prepared(lung, scorer, params, found, tuple(outside))


def map_slice(ready: Prepared, z: int, show: Callable[[Any], None], tick: Tick) -> Any:
    """Call ``show(HeatMap)`` with every picture; returns the last."""
    _, dy, dx = ready.lung.frame.spacing
    hu = _hu(ready.lung, z)
    texture = replacing(ready.healthy, ready.params, (dy, dx))
    mask = lung_at(ready.lung, z)
    picture = None
    for picture in refined_slice_heatmaps(
        ready.scorer, hu, mask, (dy, dx), texture, ready.params, tick=share(tick, 0.1, 1.0)
    ):
        show(picture)
    return picture


def extent_of(ready: Prepared, z: int) -> Any:
    """Extent maps (3, y, x), 0 to 1, of a slice.

    Raises
    ------
    InputError
        If the scorer has none.
    """
    from ssc_core.lung.heatmap.extents import extent_of_slice

    return extent_of_slice(ready.scorer, ready.lung.image, lung_at(ready.lung, z), z)


def save_heat(ready: Prepared, params: Any, maps: Any, lungs: Any, folder: Path) -> None:
    """Heat maps, as ``ssc lung heatmap`` writes them."""
    from ssc_core.lung.heatmap.refining import gathered
    from ssc_core.lung.heatmap.save import save

    save(gathered(ready.lung, ready.scorer, params, maps, lungs, ready.healthy), folder)


def save_extents(ready: Prepared, params: Any, maps: Any, lungs: Any, folder: Path) -> None:
    """Extent maps, as ``ssc lung extent`` writes them."""
    from ssc_core.lung.heatmap import extents

    extents.save_extents(
        extents.gathered_extents(ready.lung, ready.scorer, plain(params), maps, lungs), folder
    )


def plain(params: Any) -> Any:
    """Parameters of a heat map without what an extent map does not know."""
    from ssc_core.lung.goh.params import GohParams

    return parsed(GohParams, {n: getattr(params, n) for n in GohParams.model_fields})


def _hu(lung: Any, z: int) -> Any:
    _, hu = next(planes(lung.image, [z]))
    return hu[0]


def _without_threshold(params: Any) -> Any:
    return params.model_dump(exclude={"threshold", "limit", "alpha"})
