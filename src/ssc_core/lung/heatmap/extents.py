"""Extent maps of single slices: the scorer's own map of where disease is, of scorers that have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD
from ssc_core.io.store import write_map, write_mask
from ssc_core.io.tables import write_table
from ssc_core.io.volume import Volume
from ssc_core.io.volume.source import write_nifti
from ssc_core.lung.goh.engines import identity, scorer_of
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.goh.planes import lung_of, planes
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.heatmap.case import HeatmapCase, mapped_lungs
from ssc_core.lung.heatmap.derived import LABELS, pattern_masks
from ssc_core.lung.heatmap.refining import told_of
from ssc_core.lung.heatmap.results import map_record
from ssc_core.lung.results import LungResult
from ssc_core.progress import Tick, share, silent, track
from ssc_core.results import RunRecord

__all__ = [
    "CERTAIN", "ExtentMaps", "extent_of_slice", "extents_of_case", "gathered_extents", "save_extents",
]  # fmt: skip

CERTAIN = 0.5
"""Where a map is at least this high, a place counts as diseased in pattern masks."""

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ExtentMaps:
    """Extent maps of some slices of a CT.

    Parameters
    ----------
    maps, lungs : mapping
        Slice to map (3, y, x), 0 to 1, and to lung (y, x).
    levels : mapping
        Slice to Goh level, where it is one.
    image : Volume
        The CT.
    flags : tuple of str
        What must be said.
    record : RunRecord
        How it was made.
    """

    maps: Mapping[int, Field]
    lungs: Mapping[int, Bool]
    levels: Mapping[int, int]
    image: Volume
    flags: tuple[str, ...]
    record: RunRecord

    def table(self) -> pd.DataFrame:
        """One row per slice: level, slice, z_mm, scores in percent, and the share that is `CERTAIN`."""
        rows = []
        for z, one in self.maps.items():
            inner = one[:, self.lungs[z]]
            at = float(self.image.frame.to_physical([z, 0, 0])[0])
            row: dict[str, object] = {"level": self.levels.get(z, pd.NA), "slice": z, "z_mm": at}
            row |= dict(zip(PATTERNS, 100 * inner.mean(axis=1, dtype=np.float64), strict=True))
            certain = 100 * (inner >= CERTAIN).mean(axis=1)
            rows.append(row | {f"{p}_certain": v for p, v in zip(PATTERNS, certain, strict=True)})
        return pd.DataFrame(rows).astype({"level": "Int64"})


def extents_of_case(case: HeatmapCase, params: GohParams, tick: Tick = silent) -> ExtentMaps:
    """Open one CT and map its extent; nothing is written.

    Raises
    ------
    InputError
        If the CT, the mask or the scorer cannot be used, or the scorer has no extent map.
    """
    scorer = scorer_of(params.scorer, params.device)
    on = mapped_lungs(case, params, scorer, share(tick, 0.0, 0.7))
    lungs = {z: lung_of(on.labels[z]) for z in on.slices}
    slices = track(on.slices, share(tick, 0.7, 1.0), "mapping the extent")
    maps = {z: extent_of_slice(scorer, on.image, lungs[z], z) for z in slices}
    record = map_record(on.record, params, case.slices, identity(scorer), on.told, "lung extent")
    return ExtentMaps(maps, lungs, on.levels, on.image, on.told, record)


def extent_of_slice(scorer: SliceScorer, image: Volume, lung: Bool, z: int) -> Field:
    """Map (3, y, x), 0 to 1, of one slice.

    Raises
    ------
    InputError
        If the scorer has none.
    """
    _, dy, dx = image.frame.spacing
    _, hu = next(planes(image, [z]))
    maps = scorer.extent(hu, lung[None], (dy, dx))
    if maps is None:
        raise InputError(f"{scorer.name} has no extent map; make a heat map")
    return np.asarray(maps[0], np.float32)


def gathered_extents(
    lung: LungResult,
    scorer: SliceScorer,
    params: GohParams,
    maps: Mapping[int, Field],
    lungs: Mapping[int, Bool],
) -> ExtentMaps:
    """Maps of single slices, made one after another, as one result to be saved.

    Parameters
    ----------
    lung : LungResult
        The CT, its lungs and levels.
    scorer : SliceScorer
        Whose maps these are.
    params : GohParams
        Of all of them.
    maps, lungs : mapping
        By slice.
    """
    maps = dict(sorted(maps.items()))
    told, levels = told_of(lung, scorer)
    record = replace(lung.record, weights=scorer.digests)
    record = map_record(record, params, tuple(maps), identity(scorer), told, "lung extent")
    mine = {v.slice: v.number for v in levels if v.slice is not None and v.slice in maps}
    return ExtentMaps(maps, {z: lungs[z] for z in maps}, mine, lung.image, told, record)


def save_extents(result: ExtentMaps, folder: str | Path) -> None:
    """Write `result` into an existing folder.

    ``extent_tot``, ``extent_gg``, ``extent_ret`` (0 to 1, NaN where nothing was computed), ``patterns``
    (coarse masks, to be edited) and ``lungs``, each as ``.nii.gz`` in the source's own frame and as
    ``.ome.zarr``; ``scores.csv``; ``run.json``.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder, image = Path(folder), result.image
    for p, name in enumerate(PATTERNS):
        volume = np.full(image.shape, np.float32(np.nan))
        for z, one in result.maps.items():
            volume[z] = np.where(result.lungs[z], one[p], np.float32(np.nan))
        write_map(folder / f"extent_{name}.ome.zarr", volume, image.frame, "")
        write_nifti(folder / f"extent_{name}.nii.gz", volume, image)
    masks, lungs = np.zeros(image.shape, np.uint8), np.zeros(image.shape, np.uint8)
    for z, one in result.maps.items():
        lungs[z] = result.lungs[z]
        masks[z] = pattern_masks(-one, result.lungs[z], -np.nextafter(CERTAIN, 0.0))
    for name, labels, meaning in (("patterns", masks, LABELS), ("lungs", lungs, {1: "lung"})):
        write_mask(folder / f"{name}.ome.zarr", labels, image.frame, meaning)
        write_nifti(folder / f"{name}.nii.gz", labels, image)
    table = result.table()
    units = {c: "%" for c in table.columns if c.split("_")[0] in PATTERNS} | {"z_mm": "mm"}
    write_table(folder, "scores", table, units)
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8", newline="\n")
