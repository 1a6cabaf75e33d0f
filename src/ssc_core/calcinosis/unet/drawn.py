"""Phalanges drawn by hand, as the rows of a training manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ssc_core.calcinosis.inputs import files_digest, is_volume
from ssc_core.calcinosis.unet.contract import CLASSES
from ssc_core.errors import EmptyError, FormatError, GeometryError
from ssc_core.io.digest import file_digest
from ssc_core.io.image import open_finger
from ssc_core.io.picture import read_picture
from ssc_core.io.store import read_array, read_mask
from ssc_core.io.volume import open_volume

__all__ = ["Drawn", "DrawnCase", "open_drawn"]


class DrawnCase(BaseModel):
    """One image with its drawn phalanges. Columns that are not listed here are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    case_id: Annotated[str, Field(description="Neutral name of the image.")]
    patient: Annotated[str, Field(description="Neutral name of the patient; the split goes by it.")]
    image: Annotated[Path, Field(description="DICOM image, or picture of one; or a volume.")]
    labels: Annotated[
        Path,
        Field(
            description="Picture or OME-Zarr (of a volume: NIfTI or OME-Zarr): 0 background, 1 distal, "
            "2 middle, 3 proximal, 4 other bone."
        ),
    ]
    pixel_spacing: Annotated[
        float | None, Field(description="mm per pixel, where the file does not say.", gt=0)
    ] = None
    window: Annotated[float | None, Field(description="Width of a picture's window, HU.", gt=0)] = None
    level: Annotated[float | None, Field(description="Centre of a picture's window, HU.")] = None
    drawn_by: Annotated[str, Field(description="Alias of who drew the phalanges.")] = ""
    confirmed_by: Annotated[
        str, Field(description="Alias of the second reader who confirmed them; empty if nobody did.")
    ] = ""

    @field_validator("pixel_spacing", "window", "level", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def confirmed(self) -> bool:
        """Whether somebody other than who drew confirmed it."""
        return bool(self.confirmed_by) and self.confirmed_by != self.drawn_by


@dataclass(frozen=True, eq=False)
class Drawn:
    """An image or volume with its labels, read.

    Parameters
    ----------
    patient : str
        Whose.
    hu : ndarray
        (y, x) or (z, y, x) float32.
    labels : ndarray
        uint8 of the same shape, index into :data:`~ssc_core.calcinosis.unet.contract.CLASSES`.
    spacing : tuple of float
        Size of a pixel or voxel along each axis, mm.
    digest : str
        Of image and labels.
    """

    patient: str
    hu: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    spacing: tuple[float, ...]
    digest: str = ""


def open_drawn(case: DrawnCase) -> Drawn:
    """Read an image and its labels.

    Labels of a second finger may be 10 higher, as in the result of an analysis.

    Raises
    ------
    GeometryError
        If the labels lie on another grid than the image.
    FormatError
        If they hold other values than 0 to 4.
    EmptyError
        If no phalanx is drawn.
    InputError
        As :func:`ssc_core.io.image.open_finger`.
    """
    hu, labels, spacing, digest = _volume(case) if is_volume(case.image) else _image(case)
    if labels.shape != hu.shape:
        raise GeometryError(
            f"the labels have {' x '.join(map(str, labels.shape))} pixels and the image"
            f" {' x '.join(map(str, hu.shape))}; draw them on this image",
            source=case.labels,
        )
    labels = labels % 10
    if labels.max() >= len(CLASSES):
        raise FormatError(
            f"the labels hold the value {labels.max()}; they may be 0 background, 1 distal, 2 middle, "
            "3 proximal, 4 other bone (10 more for each further finger)",
            source=case.labels,
        )
    if not ((labels > 0) & (labels < 4)).any():
        raise EmptyError("no phalanx is drawn; draw at least one, or take the image out", source=case.labels)
    return Drawn(case.patient, hu, np.asarray(labels, np.uint8), spacing, digest)


_Read = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], tuple[float, ...], str]


def _image(case: DrawnCase) -> _Read:
    image = open_finger(case.image, pixel_spacing=case.pixel_spacing, window=case.window, level=case.level)
    digest = f"{file_digest(case.image)} {file_digest(case.labels)}"
    return np.asarray(image.hu, np.float32), _labels(case.labels), image.frame.spacing, digest


def _volume(case: DrawnCase) -> _Read:
    volume = open_volume(case.image)
    labels = np.asarray(read_mask(case.labels, volume), np.int64)
    hu = np.where(np.asarray(volume.outside), np.float32(-1024.0), np.asarray(volume.hu, np.float32))
    told = hashlib.sha256(labels.tobytes()).hexdigest()
    return np.asarray(hu, np.float32), labels, volume.frame.spacing, f"{files_digest(volume.files)} {told}"


def _labels(path: Path) -> npt.NDArray[np.int64]:
    if path.suffix == ".zarr":
        return np.asarray(read_array(path)[0], np.int64)
    picture = np.asarray(read_picture(path))
    if picture.ndim == 3:
        raise FormatError(
            "the labels are a colour picture; save the numbers of the labels, not their colours", source=path
        )
    return np.asarray(picture, np.int64)
