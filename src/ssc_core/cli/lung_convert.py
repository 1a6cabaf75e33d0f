"""``ssc lung convert``: a CT to OME-Zarr, chunk by chunk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ssc_core.cli.running import bar
from ssc_core.errors import OutputError

__all__ = ["convert"]

OutZarr = Annotated[Path, Parameter(name=["--out", "-o"], help="Folder to make, named .zarr.")]


def convert(
    ct: Path,
    /,
    *,
    out: OutZarr,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
) -> None:
    """Write a CT as OME-Zarr, block by block; every command opens the result and reads it in chunks.

    No path, file name or DICOM name is written; the whole frame, HU and the reader's warnings are.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    """
    from ssc_core.io.volume import to_zarr
    from ssc_core.lung.case import LungCase
    from ssc_core.params import parsed

    if out.suffix.lower() != ".zarr":
        raise OutputError("the result is a folder of OME-Zarr; name it so, as ct.ome.zarr", source=out)
    given = {"case_id": "case", "ct": ct, "series": series, "series_rule": series_rule}
    case = parsed(LungCase, {**given, "resample_gaps": resample_gaps})
    with bar() as tick:
        volume = case.open()
        to_zarr(volume, out, tick=tick)
    size = " x ".join(map(str, volume.shape[::-1]))
    spacing = " x ".join(f"{s:.4g}" for s in volume.frame.spacing[::-1])
    print(f"{size} voxels of {spacing} mm")
    for warning in volume.warnings:
        print(f"note: {warning}")
    print(f"Result: {out}")
