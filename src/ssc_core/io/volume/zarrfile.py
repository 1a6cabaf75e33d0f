"""A CT as OME-Zarr: written block by block, so that a scan larger than memory can be worked on in chunks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, OutputError
from ssc_core.io.volume.pixels import file_token
from ssc_core.io.volume.regridded import OUTSIDE_HU
from ssc_core.io.volume.volume import Volume
from ssc_core.progress import Tick, silent

__all__ = ["is_zarr", "to_zarr", "zarr_volume"]

_UNIT = "HU"
_MARKS = (".zgroup", "zarr.json")


def to_zarr(volume: Volume, path: str | Path, *, tick: Tick = silent) -> Path:
    """Write a CT as OME-Zarr 0.4 that :func:`open_volume` opens again, chunk by chunk through dask.

    It lies in the inside orientation (z, y, x; feet to head, front to back, right to left) with its whole
    frame, HU as int16 or float32, the facts of its header and its warnings. What was never measured becomes
    -2048 HU. No path, file name or DICOM name is written.

    Parameters
    ----------
    volume : Volume
        The CT; it is decoded once, a few blocks at a time.
    path : path-like
        A folder to be made, by habit ``NAME.ome.zarr``. It appears whole or not at all.
    tick : Tick
        Told how much is written.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputError
        If it exists or cannot be written.
    """
    import zarr
    from dask.callbacks import Callback

    from ssc_core.io.store import write_map

    path = Path(path)
    if path.exists():
        raise OutputError("this exists already; name another place", source=path)
    partial = path.with_name(f".{path.name[:40]}.partial")

    def told(key: Any, value: Any, graph: Any, state: Any, worker: Any) -> None:
        done = len(state["finished"])
        tick(done, done + len(state["waiting"]) + len(state["ready"]) + len(state["running"]), "writing zarr")

    try:
        shutil.rmtree(partial, ignore_errors=True)
        with Callback(posttask=told):
            write_map(partial, _measured(volume), volume.frame, _UNIT)
        group = zarr.open_group(partial, mode="r+")
        facts = {"header": _plain(volume.header), "warnings": list(volume.warnings)}
        group.attrs["ssc"] = {**dict(group.attrs["ssc"]), **facts}
        partial.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise OutputError(error.message, source=path) from error
        raise OutputError(
            f"the zarr cannot be written ({(error.strerror or 'error').lower()})", source=path
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return path


def is_zarr(path: Path) -> bool:
    """Whether a folder holds zarr rather than DICOM files."""
    return path.is_dir() and any((path / mark).is_file() for mark in _MARKS)


def zarr_volume(path: Path) -> Volume:
    """Open what :func:`to_zarr` wrote.

    Raises
    ------
    FormatError
        If it is another kind of zarr, or damaged.
    """
    from ssc_core.io.store import read_array

    array, frame, told = read_array(path)
    if told.get("unit") != _UNIT or array.ndim != 3 or str(array.dtype) not in ("int16", "float32"):
        raise FormatError(
            "this OME-Zarr does not say that it holds the HU of a CT; open the CT that it was made of",
            source=path,
        )
    files = tuple(sorted(p for p in path.rglob("*") if p.is_file()))
    pixels = _ZarrPixels(path, tuple(array.shape), np.dtype(array.dtype), file_token(*files))
    return Volume(
        pixels,
        frame,
        "OME-Zarr",
        files,
        MappingProxyType(dict(told.get("header", {}))),
        tuple(told.get("warnings", ())),
    )


def _measured(volume: Volume) -> Any:
    import dask.array as da

    def block(hu: npt.NDArray[Any], outside: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
        return np.where(outside, np.asarray(OUTSIDE_HU, hu.dtype), hu)

    return da.map_blocks(block, volume.hu, volume.outside, dtype=volume.dtype)


def _plain(header: Any) -> dict[str, Any]:
    return {str(k): v if isinstance(v, int | float | str | bool) else str(v) for k, v in header.items()}


@dataclass(frozen=True)
class _ZarrPixels:
    """Reads the chunks that a slice touches."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    token: str
    ndim = 3

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        import zarr

        try:
            array = zarr.open_group(self.path, mode="r")["0"]
            return np.asarray(array[index])
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise FormatError("the zarr is damaged; convert the CT again", source=self.path) from error
