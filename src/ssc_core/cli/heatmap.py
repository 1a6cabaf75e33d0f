"""``ssc lung heatmap``, ``heatmap-threshold`` and ``pattern-scores``: what a score is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.heatmap.params import HeatmapParams
from ssc_core.params import parsed

__all__ = ["extent", "heatmap", "heatmap_threshold", "pattern_scores"]

Options = Annotated[HeatmapParams, Parameter(name="*")]
_DEFAULT = HeatmapParams()
_GOH = GohParams()


def heatmap(
    ct: Path,
    /,
    *,
    out: Out,
    slices: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (),
    healthy: Path | None = None,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    levels: Path | None = None,
    params: Options = _DEFAULT,
) -> None:
    """Show what each place of a slice contributes to its scores, by replacing it with healthy lung.

    Writes maps in percent points, coarse pattern masks that can be edited, derived scores and a picture.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA; a single slice needs --mask.
    slices
        Slices, 0 nearest to the feet; without it the five Goh levels.
    healthy
        CT of healthy lungs to cut the replacing texture from; without it one is chosen and checked.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        Lung mask in the CT's own frame (1 right lung, 2 left lung); without it the lungs are found.
    levels
        Level table that a reader made (level, z_mm).
    """
    from ssc_core.io.output import staged
    from ssc_core.lung.heatmap.case import HeatmapCase, heatmaps_of_case
    from ssc_core.lung.heatmap.save import save

    given = {"case_id": "case", "ct": ct, "series": series, "series_rule": series_rule, "mask": mask}
    given |= {"resample_gaps": resample_gaps, "levels": levels}
    case = parsed(HeatmapCase, {**given, "slices": slices, "healthy": healthy})
    with bar() as tick, staged(out) as folder:
        result = heatmaps_of_case(case, params, tick)
        save(result, folder, limit=params.limit, alpha=params.alpha)
    print(_text(result.table()))
    print(f"\nreplaced by texture of: {result.healthy.origin}")
    for flag in result.flags:
        print(f"note: {flag}")
    print(f"Result: {out}; look at {out / 'heatmaps.png'} first")


def extent(
    ct: Path,
    /,
    *,
    out: Out,
    slices: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (),
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    levels: Path | None = None,
    params: Annotated[GohParams, Parameter(name="*")] = _GOH,
) -> None:
    """Show where a scorer sees disease: its own maps, in which every pixel is between 0 and 1.

    Writes the maps, coarse pattern masks that can be edited, and their scores.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA; a single slice needs --mask.
    slices
        Slices, 0 nearest to the feet; without it the five Goh levels.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        Lung mask in the CT's own frame (1 right lung, 2 left lung); without it the lungs are found.
    levels
        Level table that a reader made (level, z_mm).
    """
    from ssc_core.io.output import staged
    from ssc_core.lung.heatmap.case import HeatmapCase
    from ssc_core.lung.heatmap.extents import extents_of_case, save_extents

    given = {"case_id": "case", "ct": ct, "series": series, "series_rule": series_rule, "mask": mask}
    case = parsed(HeatmapCase, {**given, "resample_gaps": resample_gaps, "levels": levels, "slices": slices})
    with bar() as tick, staged(out) as folder:
        result = extents_of_case(case, params, tick)
        save_extents(result, folder)
    print(_text(result.table()))
    for flag in result.flags:
        print(f"note: {flag}")
    print(f"Result: {out}")


def heatmap_threshold(
    validation: Annotated[list[Path], Parameter(consume_multiple=True)],
    /,
    *,
    out: Out,
    test: Annotated[list[Path], Parameter(consume_multiple=True)] | None = None,
    common: bool = False,
) -> None:
    """Choose the threshold of derived scores on validation CTs, and see how much of the score maps explain.

    The threshold between -4 and 0 percent points with the least mean absolute error to the network's scores.

    Parameters
    ----------
    validation
        Folders of 'ssc lung heatmap' of validation CTs.
    test
        Folders of other CTs, on which the chosen threshold is judged.
    common
        One threshold for all three patterns.
    """
    from ssc_core.io.output import staged
    from ssc_core.lung.heatmap.study import judge_thresholds, read_mapped, save_study

    known = read_mapped(validation)
    fresh = read_mapped(test) if test else None
    threshold, derived, table = judge_thresholds(known, fresh, common=common)
    with staged(out) as folder:
        save_study(folder, threshold, derived, fresh or known, table)
    print(_text(table.assign(threshold=threshold.values)))
    if fresh is None:
        print("note: judged on the slices that the threshold was chosen on, which flatters; give --test")
    print(f"Result: {out}")


def pattern_scores(patterns: Path, ct: Path, mask: Path, /, *, out: Path) -> None:
    """Count TOT, GG and RET in an edited pattern mask of 'ssc lung heatmap'.

    Parameters
    ----------
    patterns
        The edited mask: 1 ground glass, 2 reticulation, 3 both, 4 other disease.
    ct
        The CT that it was drawn on.
    mask
        The lungs of the mapped slices ('lungs' of the heat map's folder, or a lung mask: 1 right, 2 left).
    out
        Table to write (.csv).
    """
    import numpy as np

    from ssc_core.errors import OutputError
    from ssc_core.io.store import read_mask
    from ssc_core.io.volume import open_volume
    from ssc_core.lung.heatmap.study import scores_of_edited

    if out.suffix.lower() != ".csv" or out.exists():
        raise OutputError("name a new .csv file for the scores with --out", source=out)
    image = open_volume(ct)
    labels = read_mask(patterns, image)
    lungs = np.isin(read_mask(mask, image), (1, 2))
    table = scores_of_edited(labels, lungs)
    table.to_csv(out, index=False, float_format="%.10g", lineterminator="\n")
    print(_text(table))
    print(f"Result: {out}")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=lambda v: f"{v:.3g}", na_rep="-", line_width=160)
