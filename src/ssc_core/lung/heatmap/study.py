"""Threshold and agreement over several results of ``ssc lung heatmap``; scores of edited masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import FormatError, InputError
from ssc_core.io.output import RECORD
from ssc_core.io.store import read_array
from ssc_core.io.tables import read_table, write_table
from ssc_core.lung.goh.scores import PATTERNS, violations
from ssc_core.lung.heatmap.derived import (
    Threshold,
    choose_threshold,
    derived_scores,
    explained,
    scores_of_masks,
)
from ssc_core.plots.heatmap import explained_figure, threshold_figure
from ssc_core.plots.style import save_figure
from ssc_core.results import record_run

__all__ = ["Mapped", "judge_thresholds", "read_mapped", "save_study", "scores_of_edited"]


@dataclass(frozen=True, eq=False)
class Mapped:
    """Heat maps that were read back: maps (n, 3, y, x), lungs (n, y, x), the table of scores."""

    maps: list[npt.NDArray[np.float32]]
    lungs: list[npt.NDArray[np.bool_]]
    table: pd.DataFrame

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """The network's TOT, GG and RET, (n, 3)."""
        return self.table[list(PATTERNS)].to_numpy(float)


def read_mapped(folders: Sequence[str | Path]) -> Mapped:
    """Read the folders of ``ssc lung heatmap``.

    Raises
    ------
    InputError
        If none is given.
    FormatError
        If one is no such folder.
    """
    if not folders:
        raise InputError("name the folders of 'ssc lung heatmap'")
    maps, lungs, tables = [], [], []
    for number, folder in enumerate(map(Path, folders), 1):
        if not (folder / "scores.csv").is_file() or not (folder / "lungs.ome.zarr").is_dir():
            raise FormatError("this is no result of 'ssc lung heatmap'", source=folder)
        table = read_table(folder / "scores.csv")
        volumes = [read_array(folder / f"heatmap_{name}.ome.zarr")[0] for name in PATTERNS]
        lung = read_array(folder / "lungs.ome.zarr")[0]
        for z in table["slice"].astype(int):
            maps.append(np.stack([np.asarray(v[z], np.float32) for v in volumes]))
            lungs.append(np.asarray(lung[z]) > 0)
        tables.append(table.assign(ct=number))
    return Mapped(maps, lungs, pd.concat(tables, ignore_index=True))


def judge_thresholds(
    validation: Mapped, test: Mapped | None = None, *, common: bool = False
) -> tuple[Threshold, npt.NDArray[np.float64], pd.DataFrame]:
    """Choose the threshold on `validation`, and see on `test` what derived scores explain (Figs A5 and 7).

    Returns
    -------
    threshold : Threshold
    derived : ndarray, (n, 3)
        Of `test`, or of `validation` itself, which flatters, without one.
    table : DataFrame
        See :func:`~ssc_core.lung.heatmap.derived.explained`.
    """
    threshold = choose_threshold(validation.maps, validation.lungs, validation.scores, common=common)
    judged = test or validation
    pairs = zip(judged.maps, judged.lungs, strict=True)
    derived = np.stack([derived_scores(m, lung, threshold.values) for m, lung in pairs])
    return threshold, derived, explained(derived, judged.scores)


def save_study(
    folder: Path, threshold: Threshold, derived: npt.NDArray[np.float64], judged: Mapped, table: pd.DataFrame
) -> None:
    """Write ``threshold.csv``, ``curve.csv``, ``explained.csv``, ``derived.csv`` and both figures.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    chosen = pd.DataFrame({"pattern": PATTERNS, "threshold": threshold.values, "mae": threshold.errors})
    chosen["slices"] = threshold.slices
    write_table(folder, "threshold", chosen, {"threshold": "percent points", "mae": "%"})
    write_table(folder, "curve", threshold.curve, {"threshold": "percent points"})
    write_table(folder, "explained", table, {"mae": "%"})
    columns = ["ct", *(c for c in ("level", "slice") if c in judged.table), *PATTERNS]
    both = judged.table[columns].assign(
        **{f"{name}_derived": derived[:, p] for p, name in enumerate(PATTERNS)}
    )
    write_table(folder, "derived", both)
    save_figure(threshold_figure(threshold.curve, threshold.values.tolist()), folder / "threshold.png")
    save_figure(explained_figure(derived, judged.scores, table), folder / "explained.png")
    record = record_run("lung heatmap-threshold", {"threshold": threshold.values.tolist()}, {})
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8")


def scores_of_edited(labels: npt.NDArray[np.integer], lungs: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Scores of every slice of an edited pattern mask that holds lung: slice, tot, gg, ret, flags."""
    rows = []
    for z in np.flatnonzero(lungs.any(axis=(1, 2))).tolist():
        tot, gg, ret = scores_of_masks(labels[z], lungs[z]).tolist()
        flags = "; ".join(violations(tot, gg, ret))
        rows.append({"slice": z, "tot": tot, "gg": gg, "ret": ret, "flags": flags})
    return pd.DataFrame(rows, columns=["slice", *PATTERNS, "flags"])
