"""A score map as files: open the slide, map it, write."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
from scipy.special import expit

from ssc_core.io.output import RECORD
from ssc_core.io.roi import read_rois, write_rois
from ssc_core.io.slide import Slide, open_slide
from ssc_core.io.store import write_map
from ssc_core.io.tables import write_table
from ssc_core.plots import skin as plots
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.results import RunRecord, record_run
from ssc_core.seeds import seed_of
from ssc_core.skin.case import SkinCase
from ssc_core.skin.feature_case import inputs_of
from ssc_core.skin.scores.map_params import MapParams
from ssc_core.skin.scores.mapped import Mapped
from ssc_core.skin.scores.score_map import ScoreMap, score_map

__all__ = ["map_case", "mapped_case", "save_map", "summary"]

_SPOOL = "map.npy"


def map_case(case: SkinCase, what: Mapped, params: MapParams, folder: Path, tick: Tick = silent) -> ScoreMap:
    """Map a score over one biopsy and write it.

    Parameters
    ----------
    case : SkinCase
        Which.
    what, params
        What is mapped, and how.
    folder : Path
        Existing folder for ``NAME.ome.zarr`` (the map; opens on top of the slide), ``fields.csv/.parquet``,
        ``summary.csv/.parquet``, ``dermis.geojson``, ``map.png/.svg`` and ``run.json``.
    tick : Tick
        Progress.

    Raises
    ------
    InputError, FormatError, EmptyError, GeometryError, OutputError
        If the slide, the region, the features or the folder cannot be used.
    """
    spool = folder / _SPOOL
    found, record, slide = mapped_case(case, what, params, spool=spool, tick=share(tick, 0.0, 0.95))
    save_map(found, record, folder, qupath_offset=slide.qupath_offset)
    spool.unlink()
    tick(1.0, 1.0, "done")
    return found


def mapped_case(
    case: SkinCase, what: Mapped, params: MapParams, *, spool: Path | None = None, tick: Tick = silent
) -> tuple[ScoreMap, RunRecord, Slide]:
    """Open the slide of a case and map it; nothing but `spool` is written.

    Parameters
    ----------
    case, what, params : SkinCase, Mapped, MapParams
        As :func:`map_case` takes them.
    spool : Path, optional
        File that holds the map while it is made; memory if None.
    tick : Tick
        Progress.

    Returns
    -------
    ScoreMap, RunRecord, Slide
        The map, its record, what it was made on.
    """
    inputs = inputs_of(case)
    slide = open_slide(case.slide, mpp=case.mpp, scene=case.scene)
    rois = None if case.roi is None else read_rois(case.roi, offset=slide.qupath_offset)
    seed = seed_of(what.params.seed, case.case_id, "fields")
    found = score_map(slide, what, params, mask=rois, seed=seed, spool=spool, tick=tick)
    how = {**params.model_dump(mode="json"), "mapped": what.name,
           "features": what.params.model_dump(mode="json"),
           "given": {"mpp": case.mpp, "scene": case.scene, "slide": dict(slide.identifier_free)}}  # fmt: skip
    weights = {"scores": what.weights} if what.weights else {}
    record = record_run("skin map", how, inputs, seed=seed, warnings=found.flags, weights=weights,
                        device=what.params.device)  # fmt: skip
    return found, record, slide


def save_map(
    found: ScoreMap, record: RunRecord, folder: Path, *, qupath_offset: tuple[float, float] = (0.0, 0.0)
) -> None:
    """Write all files of :func:`map_case` into an existing folder."""
    values, name = found.values, found.what.name
    write_map(
        folder / f"{name}.ome.zarr", da.from_array(values, chunks=(1024, 1024)), found.frame, found.what.unit
    )
    places = np.argwhere(~np.isnan(found.inside))
    um = found.frame.to_physical(places)
    fields = pd.DataFrame({"y_um": um[:, 0], "x_um": um[:, 1], "inside_share": found.inside[tuple(places.T)],
                           name: values[tuple(places.T)]})  # fmt: skip
    write_table(
        folder, "fields", fields, {"y_um": "um", "x_um": "um", "inside_share": "", name: found.what.unit}
    )
    write_table(folder, "summary", summary(found))
    write_rois(folder / "dermis.geojson", [found.drawn.dermis], offset=qupath_offset)
    drawn = found.drawn
    label = f"{name.replace('_', ' ')}" + (f" ({found.what.unit})" if found.what.unit else "")
    picture = plots.score_map(drawn.overview, drawn.frame, drawn.mask, np.asarray(values), found.frame, label)
    for kind in ("png", "svg"):
        save_figure(picture, folder / f"map.{kind}")
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")


def summary(found: ScoreMap) -> pd.DataFrame:
    """The map in numbers: ``measure``, ``value``, ``unit``, ``note``."""
    inner, unit = found.like_patches(), found.what.unit
    least = found.what.params.min_inside
    every = int((~np.isnan(found.values)).sum())
    rows: list[tuple[str, float, str, str]] = [
        ("fields", every, "", "with a number"),
        (
            "fields_well_inside",
            len(inner),
            "",
            f"at least {least:g} inside the dermis, as the patches of a score",
        ),
    ]
    if len(inner):
        mean = float(inner.mean())
        rows.append(("mean", mean, unit, "of fields well inside: the score if every place were looked at"))
        if unit == "log odds":
            rows.append(("diagnostic_score", float(expit(mean)), "", "logistic function of the mean"))
        rows.append(("sd", float(inner.std(ddof=1)) if len(inner) > 1 else np.nan, unit, "between fields"))
        for q in (5, 50, 95):
            rows.append((f"p{q}", float(np.percentile(inner, q)), unit, "of fields well inside"))
    return pd.DataFrame(rows, columns=["measure", "value", "unit", "note"])
