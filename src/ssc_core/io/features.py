"""Features of patches on disk: numbers in zarr, where each patch lies in parquet, what they are in JSON.

Features of different networks, layers, weights or field sizes are different quantities under the same names.
What they are therefore travels with them, and :meth:`FeatureMeta.unlike` says why two sets must not be mixed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import FormatError, InputError, OutputError
from ssc_core.io.tables import read_table, write_table

__all__ = ["FeatureMeta", "FeatureSet", "read_features", "write_features"]

ARRAY, ABOUT, TABLE = "features.zarr", "features.json", "patches"
PATCH_UNITS = {"y_um": "um", "x_um": "um", "y_px": "px", "x_px": "px", "inside_share": ""}
"""Columns every patch table has beside ``field`` (its number, from 1): centre and share inside the dermis."""

_ROWS, _COLUMNS = 1024, 4096  # of a chunk
_SCALE = 0.01  # relative difference of scales that are taken as equal


@dataclass(frozen=True)
class FeatureMeta:
    """What the features of one biopsy are. Holds no file name.

    Parameters
    ----------
    case_id : str
        Neutral name of the biopsy.
    backbone : str
        As :func:`ssc_core.skin.features.open_backbone` takes it: "alexnet", "alexnet-bvlc", "morphometry" ...
    layer : str
        Layer whose output the features are ("fc6"); "" where there is none.
    relu : bool
        Whether negative outputs were set to zero.
    weights : str
        Digest of the weights ("sha256:..."), "seed:N" for random ones, "" where there are none.
    normalisation : str
        How grey values were brought to the network's input, in words with all its numbers.
    patch_px : int
        Side of a patch in pixels.
    patch_mpp : (float, float)
        um per pixel of the patches (y, x).
    native : bool
        Whether patches were read at the slide's own resolution.
    seed : int
        Effective seed of the draw.
    asked : int
        Number of patches that were wanted.
    mean_overlap, covered : float
        Mean share of a field that others show too; share of the dermis that the fields show. NaN if unknown.
    trichrome : bool or None
        Whether the slide's colours fit a Masson's trichrome; None where it was not looked at.
    flags : tuple of str
        What must be known before the numbers are trusted.
    """

    case_id: str
    backbone: str
    layer: str
    relu: bool
    weights: str
    normalisation: str
    patch_px: int
    patch_mpp: tuple[float, float]
    native: bool
    seed: int
    asked: int
    mean_overlap: float = math.nan
    covered: float = math.nan
    trichrome: bool | None = None
    flags: tuple[str, ...] = field(default=())

    @property
    def field_um(self) -> tuple[float, float]:
        """Height and width of a field in um."""
        y, x = self.patch_mpp
        return self.patch_px * y, self.patch_px * x

    def unlike(self, other: FeatureMeta) -> tuple[str, ...]:
        """Why features of `other` are another quantity, as phrases; empty if both may be used together."""
        found = [
            f"{name} {getattr(other, name)!r} instead of {getattr(self, name)!r}"
            for name in ("backbone", "layer", "relu", "weights", "normalisation", "patch_px")
            if getattr(self, name) != getattr(other, name)
        ]
        for one, two in zip(self.patch_mpp, other.patch_mpp, strict=True):
            if abs(two / one - 1) > _SCALE:
                found.append(f"patches of {two:.4g} um/px instead of {one:.4g} um/px")
                break
        return tuple(found)


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of the patches of one biopsy.

    Parameters
    ----------
    features : (n_patches, n_features) float32
        NaN where a feature could not be measured (only ``morphometry`` has such).
    names : tuple of str
        One per column.
    patches : DataFrame
        One row per patch in the same order: ``field`` (number from 1), centre ``y_um``, ``x_um`` (um from the
        centre of the first level-0 pixel) and ``y_px``, ``x_px`` (level-0 pixels), ``inside_share``.
    meta : FeatureMeta
        What the features are.
    """

    features: npt.NDArray[np.float32]
    names: tuple[str, ...]
    patches: pd.DataFrame
    meta: FeatureMeta

    def __len__(self) -> int:
        return len(self.features)


def write_features(
    folder: str | Path,
    features: npt.NDArray[np.float32],
    names: Sequence[str],
    patches: pd.DataFrame,
    meta: FeatureMeta,
) -> None:
    """Write ``features.zarr`` (float32), ``patches.csv/.parquet`` and ``features.json`` into `folder`.

    The same features give the same bytes.

    Parameters
    ----------
    folder : path-like
        An existing folder, by habit the one that ``io.output.staged`` yields.
    features, names, patches, meta
        As in :class:`FeatureSet`.

    Raises
    ------
    InputError
        If the parts do not fit one another, or a feature is infinite.
    OutputError
        If `folder` holds features already or cannot be written.
    """
    import zarr
    from numcodecs import Blosc

    folder = Path(folder)
    _check(features, names, patches)
    if (folder / ARRAY).exists():
        raise OutputError("this folder holds features already; name another", source=folder)
    about = {"names": list(names), "meta": _plain(asdict(meta)), "sha256": _digest(features)}
    try:
        array = zarr.create_array(
            folder / ARRAY,
            shape=features.shape,
            chunks=(min(_ROWS, len(features)), min(_COLUMNS, len(names))),
            dtype=np.float32,
            compressors=Blosc("zstd", 5, Blosc.SHUFFLE),
            fill_value=0.0,
            zarr_format=2,
        )
        array[...] = features
        units = {name: unit for name, unit in PATCH_UNITS.items() if name in patches.columns}
        write_table(folder, TABLE, patches, units)
        text = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / ABOUT).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OutputError(f"the features cannot be written ({reason})", source=folder) from error


def read_features(folder: str | Path) -> FeatureSet:
    """Read what :func:`write_features` wrote, into memory.

    Raises
    ------
    FormatError
        If the folder holds no features, or its parts do not fit one another.
    """
    import zarr

    folder = Path(folder)
    if not (folder / ABOUT).is_file():
        raise FormatError("there are no features here; make them with 'ssc skin features'", source=folder)
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        meta = _meta(about["meta"])
        names = tuple(str(name) for name in about["names"])
        features = np.asarray(zarr.open_array(folder / ARRAY, mode="r")[...], np.float32)
        patches = read_table(folder / f"{TABLE}.parquet")
        _check(features, names, patches)
        if about["sha256"] != _digest(features):  # zarr reads a chunk that is not there as zeros
            raise ValueError("the numbers are not those that were written")
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FormatError("the features are damaged or incomplete; make them again", source=folder) from error
    return FeatureSet(features, names, patches, meta)


def _check(features: npt.NDArray[np.float32], names: Sequence[str], patches: pd.DataFrame) -> None:
    if features.dtype != np.float32 or features.ndim != 2 or 0 in features.shape:
        raise InputError("features are a float32 array of patches by features, and not empty")
    if features.shape != (len(patches), len(names)):
        raise InputError(
            f"{features.shape[0]} x {features.shape[1]} features do not fit {len(patches)} patches and "
            f"{len(names)} names"
        )
    if len(set(names)) != len(names):
        raise InputError("two features have the same name")
    if np.isinf(features).any():
        raise InputError("a feature is infinite; the patches or the weights are damaged")


def _digest(features: npt.NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(features, "<f4").tobytes()).hexdigest()


def _plain(meta: dict[str, Any]) -> dict[str, Any]:
    """NaN as null, since JSON has none."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in meta.items()}


def _meta(stored: dict[str, Any]) -> FeatureMeta:
    values = {f.name: stored[f.name] for f in fields(FeatureMeta)}
    for name in ("mean_overlap", "covered"):
        values[name] = math.nan if values[name] is None else values[name]
    values["patch_mpp"] = tuple(values["patch_mpp"])
    values["flags"] = tuple(values["flags"])
    return FeatureMeta(**values)
