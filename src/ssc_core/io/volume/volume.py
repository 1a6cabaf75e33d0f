"""A CT volume: HU on demand, in one orientation, with the way back to the file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame
from ssc_core.io.volume.orientation import ItkGeometry, Orientation, itk_geometry, orient
from ssc_core.io.volume.pixels import InMemory, Pixels, slices_per_chunk
from ssc_core.io.volume.regridded import Regridded
from ssc_core.progress import Tick, silent

__all__ = ["NEVER_TISSUE_HU", "Volume", "volume_from_array"]

NEVER_TISSUE_HU = -1500
"""At or below this nothing physical is measured: padding, declared or not (-2000, -2048, -3024 are usual)."""


@dataclass(frozen=True, eq=False, repr=False)
class Volume:
    """A CT in Hounsfield units. Opened by :func:`open_volume`; nothing is decoded before it is asked for.

    Parameters
    ----------
    pixels : Pixels
        HU in the file's order, decoded on demand.
    source_frame : Frame
        Frame of the file's array, in array order, mm, LPS.
    kind : str
        What was opened, in words ("DICOM series of 102 files").
    files : tuple of Path
        Every file that is read, for a digest. Never store their names.
    header : mapping
        Facts that identify nobody: kernel, slice thickness, kVp, contrast, model.
    warnings : tuple of str
        What must be known before a number is trusted. Free of names.
    padding : tuple of float, optional
        Per slice of the file (or one for all) the HU that its header declares as padding; NaN for none.
    """

    pixels: Pixels
    source_frame: Frame
    kind: str
    files: tuple[Path, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    padding: tuple[float, ...] = ()

    @cached_property
    def orientation(self) -> Orientation:
        """How the file's array was turned."""
        return orient(self.source_frame)

    @cached_property
    def frame(self) -> Frame:
        """Frame of :attr:`hu`: (z, y, x), mm, LPS."""
        return self.orientation.frame(self.source_frame, self.pixels.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(z, y, x)."""
        z, y, x = (self.pixels.shape[axis] for axis in self.orientation.order)
        return z, y, x

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16 where the file holds whole HU, else float32."""
        return np.dtype(self.pixels.dtype)

    @cached_property
    def hu(self) -> Any:
        """Lazy dask array (z, y, x) of HU: feet to head, front to back, right to left."""
        return self.orientation.apply(self._stored)

    @cached_property
    def outside(self) -> Any:
        """Lazy dask array (z, y, x) of bool: voxels that were never measured (padding around the scan).

        These are the values that the header declares as padding, and everything at or below
        :data:`NEVER_TISSUE_HU`, which files hold without declaring it.
        """
        stored = self._stored
        outside = stored <= NEVER_TISSUE_HU
        declared = np.asarray(self.padding, np.float64)
        if declared.size and np.isfinite(declared).any():
            import dask.array as da

            column = np.broadcast_to(declared, stored.shape[:1]).reshape(-1, 1, 1)
            values = da.from_array(column, chunks=(stored.chunks[0], 1, 1))
            tolerance = 0.5 if self.dtype == np.int16 else 1e-3
            outside = outside | (abs(stored - values) < tolerance)
        return self.orientation.apply(outside)

    @cached_property
    def _stored(self) -> Any:
        import dask.array as da

        chunks = (slices_per_chunk(self.pixels.shape, self.pixels.dtype), -1, -1)
        name = f"volume-{self.pixels.token}"
        return da.from_array(self.pixels, chunks=chunks, name=name, inline_array=True)

    def prepare(self, tick: Tick = silent) -> None:
        """Do now what the first slice would wait for: a compressed NIfTI is unpacked. Else nothing is done.

        Parameters
        ----------
        tick : Tick
            Told how far it is.

        Raises
        ------
        FormatError
            If the file is truncated or damaged.
        OutputError
            If there is no room for the unpacked file.
        """
        if (prepare := getattr(self.pixels, "prepare", None)) is not None:
            prepare(tick)

    def to_source(self, array: npt.ArrayLike) -> tuple[npt.NDArray[Any], ItkGeometry]:
        """Take a result back to the order and geometry of the file.

        Parameters
        ----------
        array : array (z, y, x)
            A mask or map on this volume's grid.

        Returns
        -------
        array : ndarray (k, j, i)
            In the file's axis order, ready for ``SimpleITK.GetImageFromArray``.
        geometry : ItkGeometry
            Spacing, origin and direction as the file has them.

        Raises
        ------
        GeometryError
            If `array` has another shape than the volume.
        """
        values = np.asarray(array)
        if values.shape != self.shape:
            raise GeometryError(f"an array of shape {values.shape} does not lie on a volume of {self.shape}")
        return np.ascontiguousarray(self.orientation.undo(values)), itk_geometry(self.source_frame)

    def to_stored(self, array: npt.ArrayLike) -> npt.NDArray[Any]:
        """Take a result back onto the very slices of the files, even if they were straightened or filled.

        The same as the array of :meth:`to_source`, unless the gantry was tilted or gaps were filled: then the
        grid of :meth:`to_source` is the straight, even one, and this undoes it exactly.

        Parameters
        ----------
        array : array (z, y, x)
            A mask or map on this volume's grid.

        Returns
        -------
        ndarray (slices, rows, columns)
            One plane per slice of the files, in order along their normal.

        Raises
        ------
        GeometryError
            If `array` has another shape than the volume.
        """
        values, _ = self.to_source(array)
        pixels = self.pixels
        while isinstance(pixels, Regridded):
            values, pixels = pixels.undo(values), pixels.inner
        return values

    def source_slice(self, z: int) -> int:
        """Index of inside slice `z` along the slice axis of the source's grid (see :meth:`to_source`).

        Raises
        ------
        GeometryError
            If the file's slices are not axial, or there is no such slice.
        """
        if self.orientation.order[0] != 0:
            raise GeometryError("the slices of the file are not axial, so a level has no single slice in it")
        n = self.shape[0]
        if not 0 <= z < n:
            raise GeometryError(f"slice {z} is not one of the {n} slices")
        return n - 1 - z if self.orientation.flipped[0] else z

    def with_warnings(self, *more: str) -> Volume:
        """The same volume with `more` to be known about it."""
        return replace(self, warnings=self.warnings + tuple(m for m in more if m not in self.warnings))

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.shape))
        spacing = " x ".join(f"{s:.4g}" for s in self.frame.spacing)
        facts = [f"{size} (z, y, x)", f"{spacing} mm", f"{self.dtype} HU", self.kind]
        facts += [f"{name} {value}" for name, value in self.header.items()]
        if self.warnings:
            facts.append(f"{len(self.warnings)} warning{'s' if len(self.warnings) > 1 else ''}")
        return f"<Volume {', '.join(facts)}>"

    def __getstate__(self) -> dict[str, Any]:
        keep = ("pixels", "source_frame", "kind", "files", "header", "warnings", "padding")
        state = {name: self.__dict__[name] for name in keep}
        return state | {"header": dict(self.header)}


def volume_from_array(
    hu: npt.ArrayLike,
    frame: Frame,
    *,
    header: Mapping[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
) -> Volume:
    """A volume of HU that are in memory (a phantom, a crop, a layer of the viewer).

    Parameters
    ----------
    hu : array (k, j, i)
        HU, in the axis order of `frame`. int16 and float32 are kept, other whole numbers become int16.
    frame : Frame
        Three axes, mm, LPS in array order.
    header, warnings
        As in :class:`Volume`.
    """
    from ssc_core.io.volume.pixels import as_hu, hu_dtype

    values = np.asarray(hu)
    if values.ndim != 3 or frame.ndim != 3 or frame.unit != "mm":
        raise GeometryError("a volume needs an array of three axes and a frame of three axes in mm")
    values = as_hu(values, hu_dtype(values.dtype))
    import dask

    pixels = InMemory(values, dask.base.tokenize(values))
    return Volume(
        pixels, frame, "array in memory", header=MappingProxyType(dict(header or {})), warnings=warnings
    )
