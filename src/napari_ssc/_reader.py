"""Slides, CT and results into layers, lazily, with their physical scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_ssc._layers import LayerData
from napari_ssc._results import is_result, read_folder, read_regions, read_store
from ssc_core.errors import Cancelled
from ssc_core.io.output import RECORD
from ssc_core.progress import Tick

__all__ = ["PATTERNS", "get_reader"]

_SLIDES = (
    ".svs", ".scn", ".ndpi", ".mrxs", ".bif", ".vms", ".vmu", ".svslide", ".czi", ".tif", ".tiff", ".zarr",
)  # fmt: skip
_VOLUMES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_DICOM = (".dcm", ".dicom", ".ima")
_LOOK_AT = 20

PATTERNS = tuple(f"*{ending}" for ending in (*_SLIDES, *_VOLUMES, *_DICOM, ".geojson"))
"""What `prefer` claims; the manifest lists the same and ``run.json``."""


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """What opens `path`, or None when it is not ours.

    Parameters
    ----------
    path : str or sequence of str
        As napari hands it over: one path; a stack of several files is left to other readers.
    """
    if not isinstance(path, str):
        return None
    name = path.lower().rstrip("/")
    if name.endswith(".geojson"):
        return _read_regions
    if Path(path).name == RECORD:
        return _read_folder
    if name.endswith(".zarr") and is_result(Path(path)):
        return _read_store
    if name.endswith(_SLIDES):
        return _read_slide
    if name.endswith(_DICOM) and Path(path).is_file():
        return _read_dicom
    if name.endswith(_VOLUMES) or _holds_dicom(Path(path)):
        return _read_volume
    return None


def _read_slide(path: str) -> list[LayerData]:
    from napari_ssc._opening import open_slide
    from ssc_core.skin.case import SkinCase

    case = SkinCase(case_id="case", slide=Path(path))
    return _opened(lambda tick: open_slide(case, tick))


def _read_volume(path: str) -> list[LayerData]:
    from napari_ssc._opening import open_ct
    from ssc_core.lung.case import LungCase

    case = LungCase(case_id="case", ct=Path(path))
    return _opened(lambda tick: open_ct(case, tick))


def _read_dicom(path: str) -> list[LayerData]:
    """One slice is the image of a finger; several frames in a file are a volume."""
    from napari_ssc._opening import open_ct, open_finger
    from ssc_core.calcinosis.case import CalcinosisCase
    from ssc_core.io.volume import list_series
    from ssc_core.lung.case import LungCase

    def work(tick: Tick) -> LayerData:
        tick(0.0, 1.0, "opening")
        if sum(len(series.slices) for series in list_series(path)) > 1:
            return open_ct(LungCase(case_id="case", ct=Path(path)), tick)
        return open_finger(CalcinosisCase(case_id="case", image=Path(path)), tick)

    return _opened(work)


def _opened(work: Callable[[Tick], LayerData]) -> list[LayerData]:
    """The layer; none at all, in napari's way of saying so, if the user stopped."""
    from napari_ssc._waiting import waited

    try:
        return [waited(work, "Opening ...")]
    except Cancelled:
        return [(None,)]  # type: ignore[list-item]


def _read_store(path: str) -> list[LayerData]:
    return read_store(Path(path))


def _read_regions(path: str) -> list[LayerData]:
    return read_regions(Path(path))


def _read_folder(path: str) -> list[LayerData]:
    return read_folder(Path(path))


def _holds_dicom(folder: Path) -> bool:
    """Whether one of the first files below `folder` has DICOM's mark; looks at a few files only."""
    if not folder.is_dir():
        return False
    for seen, file in enumerate(p for p in folder.rglob("*") if p.is_file()):
        if seen >= _LOOK_AT:
            return False
        with file.open("rb") as opened:
            if opened.read(132)[128:] == b"DICM":
                return True
    return False
