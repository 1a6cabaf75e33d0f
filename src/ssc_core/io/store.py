"""Masks and maps as OME-Zarr 0.4, each with its full physical frame.

OME-Zarr 0.4 knows a scale and a translation per axis, which every viewer reads. The direction cosines of an
oblique CT go beside them, in the attribute ``ssc``, together with the names of labels and the unit of a map.
Larger images get coarser levels that take every second pixel of the one before, so that centres stay where
they are and no label is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ssc_core.errors import FormatError, GeometryError, InputError, OutputError
from ssc_core.geometry import Frame
from ssc_core.io.volume.labels import read_labels
from ssc_core.io.volume.source import write_nifti
from ssc_core.io.volume.volume import Volume

__all__ = ["read_array", "read_mask", "write_map", "write_mask", "write_nifti"]

_UNITS = {"mm": "millimeter", "um": "micrometer"}
_CHUNKS = {2: (1024, 1024), 3: (16, 256, 256)}
_PYRAMID_FROM = 2048
"""Images with a side longer than this get coarser levels."""


def write_mask(path: str | Path, array: Any, frame: Frame, labels: Mapping[int, str] | None = None) -> None:
    """Write labels of pixels.

    Parameters
    ----------
    path : path-like
        A folder to be made, by habit ``NAME.ome.zarr``.
    array : array (y, x) or (z, y, x)
        Boolean or whole numbers, NumPy or dask. Booleans become uint8.
    frame : Frame
        Where the pixels are.
    labels : mapping, optional
        Value to name; leave it out where every value is one more of the same (lesion 1, 2, 3 ...).

    Raises
    ------
    InputError, GeometryError
        If the values are no labels, or the frame has another number of axes.
    OutputError
        If `path` exists or cannot be written.
    """
    if array.dtype == bool:
        array = array.astype(np.uint8)
    if array.dtype.kind not in "iu":
        raise InputError(f"a mask holds whole numbers, not {array.dtype}")
    names = {str(value): name for value, name in sorted((labels or {}).items())}
    group = _write(Path(path), array, frame, {"kind": "mask", "labels": names}, fill=0)
    properties = [{"label-value": int(value), "name": name} for value, name in names.items()]
    group.attrs["image-label"] = {"version": "0.4", **({"properties": properties} if properties else {})}


def write_map(path: str | Path, array: Any, frame: Frame, unit: str) -> None:
    """Write a number per pixel. NaN means not measured.

    Parameters
    ----------
    path : path-like
        A folder to be made, by habit ``NAME.ome.zarr``.
    array : array (y, x) or (z, y, x)
        Floats or whole numbers, NumPy or dask.
    frame : Frame
        Where the pixels are.
    unit : str
        Unit of the values ("HU", "%", "" for a pure number).

    Raises
    ------
    InputError, GeometryError, OutputError
        As :func:`write_mask`.
    """
    if array.dtype.kind not in "fiu":
        raise InputError(f"a map holds numbers, not {array.dtype}")
    fill = float("nan") if array.dtype.kind == "f" else 0
    _write(Path(path), array, frame, {"kind": "map", "unit": unit}, fill)


def read_array(path: str | Path) -> tuple[Any, Frame, dict[str, Any]]:
    """Open what :func:`write_mask` or :func:`write_map` wrote, or another program's plain OME-Zarr image.

    Returns
    -------
    array : dask array (y, x) or (z, y, x)
        The finest level, read on demand.
    frame : Frame
        Its frame.
    attrs : dict
        ``kind``, ``labels`` (value to name, whole numbers as keys) or ``unit``; empty for foreign files.

    Raises
    ------
    FormatError
        If it is no OME-Zarr image of two or three spatial axes.
    """
    import dask.array as da
    import zarr

    path = Path(path)
    try:
        group = zarr.open_group(path, mode="r")
        attrs = dict(group.attrs)
        attrs |= attrs.get("ome", {})
        image = attrs["multiscales"][0]
        array = group[image["datasets"][0]["path"]]
        ours = attrs.get("ssc", {})
        frame = _stored_frame(ours["frame"]) if "frame" in ours else _ome_frame(image)
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        raise FormatError("this is not an OME-Zarr image, or it is damaged", source=path) from error
    if array.ndim != frame.ndim:
        raise FormatError(f"the image has {array.ndim} axes and its frame {frame.ndim}", source=path)
    told = {key: value for key, value in ours.items() if key != "frame"}
    if "labels" in told:
        told["labels"] = {int(value): name for value, name in told["labels"].items()}
    return da.from_zarr(array), frame, told


def read_mask(path: str | Path, volume: Volume) -> Any:
    """Labels from a file of any kind (OME-Zarr, NIfTI, NRRD, MHA), on the grid of `volume`.

    Returns
    -------
    ndarray (z, y, x) of int32

    Raises
    ------
    GeometryError
        If the mask lies on another grid than the volume.
    InputError
        If the values are not whole numbers.
    """
    path = Path(path)
    if not path.is_dir():
        return read_labels(path, volume)
    array, frame, _ = read_array(path)
    if tuple(array.shape) != volume.shape or not frame.same_as(volume.frame, 1e-2):
        raise GeometryError("the mask lies on another grid than the CT; draw it on this CT", source=path)
    return np.asarray(array).astype(np.int32)


def _write(path: Path, array: Any, frame: Frame, told: dict[str, Any], fill: float) -> Any:
    if array.ndim != frame.ndim or array.ndim not in _CHUNKS:
        raise GeometryError(f"an array of {array.ndim} axes does not fit a frame of {frame.ndim}")
    import zarr

    if path.exists():
        raise OutputError("this exists already; name another place", source=path)
    try:
        group = zarr.open_group(path, mode="w-", zarr_format=2)
        datasets: list[dict[str, Any]] = []
        for level, step in enumerate(_steps(array.shape)):
            inside = tuple(slice(None, None, s) for s in step)
            _write_level(group, str(level), array[inside], fill)
            scale = [d * s for d, s in zip(frame.spacing, step, strict=True)]
            moves = [
                {"type": "scale", "scale": scale},
                {"type": "translation", "translation": [*frame.origin]},
            ]
            datasets.append({"path": str(level), "coordinateTransformations": moves})
        group.attrs["multiscales"] = [_multiscale(datasets, frame, told["kind"])]
        group.attrs["ssc"] = told | {"frame": _frame_record(frame)}
    except OSError as error:
        raise OutputError(
            f"cannot be written ({(error.strerror or 'error').lower()})", source=path
        ) from error
    return group


def _multiscale(datasets: list[dict[str, Any]], frame: Frame, name: str) -> dict[str, Any]:
    """The OME-Zarr 0.4 metadata, checked by the format's own library."""
    from ome_zarr.axes import Axes
    from ome_zarr.format import FormatV04

    moves = [d["coordinateTransformations"] for d in datasets]
    FormatV04().validate_coordinate_transformations(frame.ndim, len(datasets), moves)
    axes = [{"name": n, "type": "space", "unit": _UNITS[frame.unit]} for n in "zyx"[-frame.ndim :]]
    checked = Axes(axes, fmt=FormatV04()).to_list()
    return {"version": "0.4", "name": name, "axes": checked, "datasets": datasets}


def _write_level(group: Any, name: str, array: Any, fill: float) -> None:
    import dask.array as da
    from numcodecs import Blosc

    chunks = tuple(min(c, max(1, n)) for c, n in zip(_CHUNKS[array.ndim], array.shape, strict=True))
    target = group.create_array(
        name,
        shape=array.shape,
        dtype=array.dtype,
        chunks=chunks,
        compressors=Blosc("zstd", 5, Blosc.SHUFFLE),
        fill_value=fill,
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )
    if isinstance(array, da.Array):
        da.store(array.rechunk(chunks), target, lock=False)
    else:
        target[...] = array


def _steps(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Per level the stride along each axis; the slices of a volume are never thinned."""
    steps, factor = [], 1
    while factor == 1 or max(shape[-2:]) / factor > _PYRAMID_FROM / 2:
        steps.append((1,) * (len(shape) - 2) + (factor, factor))
        if max(shape[-2:]) <= _PYRAMID_FROM:
            break
        factor *= 2
    return steps


def _frame_record(frame: Frame) -> dict[str, Any]:
    return {
        "spacing": list(frame.spacing),
        "origin": list(frame.origin),
        "direction": [list(row) for row in frame.direction],
        "unit": frame.unit,
    }


def _stored_frame(record: Mapping[str, Any]) -> Frame:
    return Frame(
        tuple(record["spacing"]),
        tuple(record["origin"]),
        tuple(map(tuple, record["direction"])),
        record["unit"],
    )


def _ome_frame(image: Mapping[str, Any]) -> Frame:
    """Frame of another program's image, from scale and translation alone."""
    names = {long: short for short, long in _UNITS.items()}
    units = {names[axis["unit"]] for axis in image["axes"]}
    (unit,) = units
    moves = {t["type"]: t for t in image["datasets"][0]["coordinateTransformations"]}
    scale = tuple(moves["scale"]["scale"])
    origin = tuple(moves.get("translation", {}).get("translation", (0.0,) * len(scale)))
    return Frame(scale, origin, unit="mm" if unit == "mm" else "um")
