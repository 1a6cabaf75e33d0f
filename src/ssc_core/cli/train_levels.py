"""``ssc lung train-levels`` and ``ssc lung levels --weights``: the L-Net."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.lung.case import LungCase
from ssc_core.lung.lnet.params import LevelNetParams, LevelTrainParams

__all__ = ["levels_by_network", "train_levels"]

Options = Annotated[LevelTrainParams, Parameter(name="*")]
_DEFAULT = LevelTrainParams()


def train_levels(
    manifest: Path, /, *, out: Out, levels: Path | None = None, params: Options = _DEFAULT
) -> None:
    """Train the L-Net on CTs whose levels are known; the same command goes on after a stop.

    Parameters
    ----------
    manifest
        CSV with case_id, ct, levels (a table of level and z_mm), and if wanted patient, set (test), series,
        series_rule, resample_gaps. The manifest of 'ssc lung levels MANIFEST' will do with --levels.
    levels
        Table with case_id, level and z_mm for the rows that name none: the levels.csv of that command.
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.lnet.case import LevelCase
    from ssc_core.lung.lnet.train import train_levels as train

    cases = [c.with_levels(levels) for c in read_manifest(manifest, LevelCase)]
    with bar() as tick:
        done = train(cases, out, params, tick=tick)
    print(_text(done.table))
    print()
    for number, fit in done.fits.items():
        print(f"fold {number}: best epoch {fit.best_epoch}, {fit.best_value:.2f} mm")
    print(f"Result: {out}")


def levels_by_network(
    case: LungCase, weights: Path, out: Path, *, params: LevelNetParams | None = None
) -> None:
    """Find the five levels of one CT with trained networks; write the table, print it and what must be said.

    Parameters
    ----------
    case : LungCase
        The CT and how it is opened.
    weights : Path
        Training run or weight file.
    out : Path
        ``.csv``; it must not exist.
    params : LevelNetParams, optional
        How.
    """
    from ssc_core.lung.export import level_files
    from ssc_core.lung.lnet.predict import predict_levels
    from ssc_core.lung.lnet.save import write_prediction

    level_files(out)
    with bar() as tick:
        found = predict_levels(case.open(), weights, params, tick=tick)
    files = write_prediction(found, out)
    shown = found.table()[["level", "name", "z_mm", "slice", "uncertainty_mm", "spread_mm", "note"]]
    print(shown.to_string(index=False, float_format=lambda v: f"{v:.1f}", na_rep="-", max_colwidth=48))
    for flag in found.flags:
        print(f"note: {flag}")
    print(f"Result: {', '.join(map(str, files))}")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=lambda v: f"{v:.3g}", na_rep="-")
