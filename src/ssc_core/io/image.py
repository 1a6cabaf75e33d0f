"""One two-dimensional finger image in Hounsfield units, with the size of its pixels in millimetres.

From DICOM both are in the file. A picture saved from a viewer has lost both: they must be given, and what the
picture cannot tell any more (values beyond the window, steps of several HU) is said in its warnings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, FormatError, InputError, ScaleUnknown
from ssc_core.geometry import Frame
from ssc_core.io.picture import grey_of, read_picture, unwindowed
from ssc_core.io.volume.dicom import read_pixels
from ssc_core.io.volume.headers import Slice, read_slices

__all__ = ["FingerImage", "open_finger"]

PLAUSIBLE_MM = (0.005, 5.0)
"""Pixel sizes outside this range come from a wrong unit."""

_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_FULL_16_BIT = 4096


@dataclass(frozen=True, eq=False, repr=False)
class FingerImage:
    """A finger image in HU.

    Parameters
    ----------
    hu : float32 array (y, x)
        Hounsfield units.
    frame : Frame
        Pixel size, mm; origin 0 is the centre of the first pixel.
    saturated : bool array (y, x)
        Where the value is only a bound: at both ends of a picture's window, at the top of a DICOM's number
        range, and under annotation.
    step_hu : float
        Distance of two neighbouring grey levels; what is finer is lost.
    kind : str
        What was opened, in words.
    warnings : tuple of str
        What must be known before a number is trusted. Free of names.
    header : mapping
        Facts that identify nobody.
    files : tuple of Path
        What was read, for a digest. Never store the name.
    """

    hu: npt.NDArray[np.float32]
    frame: Frame
    saturated: npt.NDArray[np.bool_]
    step_hu: float
    kind: str
    warnings: tuple[str, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x)."""
        rows, columns = self.hu.shape
        return rows, columns

    def __repr__(self) -> str:
        dy, dx = self.frame.spacing
        facts = [f"{self.shape[0]} x {self.shape[1]} (y, x)", f"{dy:.4g} x {dx:.4g} mm", self.kind]
        facts += [f"steps of {self.step_hu:.3g} HU", f"{float(self.saturated.mean()):.1%} saturated"]
        if self.warnings:
            facts.append(f"{len(self.warnings)} warning{'s' if len(self.warnings) > 1 else ''}")
        return f"<FingerImage {', '.join(facts)}>"


def open_finger(
    path: str | Path,
    *,
    pixel_spacing: float | Sequence[float] | None = None,
    window: float | None = None,
    level: float | None = None,
) -> FingerImage:
    """Open a DICOM image, or a PNG, JPEG or TIFF picture of one.

    Parameters
    ----------
    path : path-like
        One image.
    pixel_spacing : float or (float, float), optional
        Pixel size in mm, or row distance and column distance (dy, dx). Needed where the file has none: the
        print resolution of a picture (dpi) is not it. It overrides what is in the file, with a warning.
    window, level : float, optional
        Width and centre in HU of the window that a picture was saved with (1500 and 450 in the paper).

    Returns
    -------
    FingerImage

    Raises
    ------
    ScaleUnknown
        No pixel size in the file and none given.
    InputError
        A pixel size that cannot be, a missing window, a colour picture, values that are not HU.
    FormatError
        Unreadable, truncated, several images in one file.
    EmptyError
        Every pixel has the same value.
    """
    path = Path(path)
    given = None if pixel_spacing is None else _spacing(pixel_spacing, path)
    _check_window(window, level, path)
    if path.is_dir():
        raise FormatError("this is a folder; name one image in it, or open it as a CT volume", source=path)
    if not path.is_file() or path.stat().st_size == 0:
        raise FormatError("there is no such file, or it is empty; check the path", source=path)
    slices = read_slices(path)
    if slices is not None:
        image = _from_dicom(slices, path, given, window, level)
    elif path.suffix.lower() in _PICTURES:
        image = _from_picture(
            read_picture(path), path, given, window, level, f"{path.suffix[1:].upper()} picture"
        )
    else:
        raise FormatError("this is not a DICOM, PNG, JPEG or TIFF image", source=path)
    if float(image.hu.min()) == float(image.hu.max()):
        raise EmptyError("every pixel has the same value; open another image", source=path)
    return image


def _spacing(value: float | Sequence[float], path: Path) -> tuple[float, float]:
    values = [float(v) for v in (value if isinstance(value, Sequence) else (value,))]
    if len(values) not in (1, 2) or not all(math.isfinite(v) and v > 0 for v in values):
        raise InputError(
            "--pixel-spacing takes one positive number of millimetres, or two (rows, columns)", source=path
        )
    low, high = PLAUSIBLE_MM
    if not all(low <= v <= high for v in values):
        raise InputError(
            f"--pixel-spacing {values[0]:g} mm cannot be the pixel of a finger image ({low:g} to {high:g} mm"
            " can); give it in millimetres",
            source=path,
        )
    return values[0], values[-1]


def _check_window(window: float | None, level: float | None, path: Path) -> None:
    if window is None and level is None:
        return
    if window is None or level is None:
        raise InputError("--window and --level belong together; give both", source=path)
    finite = math.isfinite(window) and math.isfinite(level)
    if not finite or not 2 <= window <= 65536 or abs(level) > 32768:
        raise InputError(
            f"--window {window:g} --level {level:g} is no window in HU; the window is its width (1500), the"
            " level its centre (450)",
            source=path,
        )


def _from_dicom(
    slices: list[Slice],
    path: Path,
    given: tuple[float, float] | None,
    window: float | None,
    level: float | None,
) -> FingerImage:
    if len(slices) > 1:
        raise FormatError(
            "the file holds several frames; open it as a CT volume, or save one of them", source=path
        )
    s = slices[0]
    values = read_pixels(path, s)
    if values.shape[0] == 1 and values.ndim > 2:
        values = values[0]
    if values.shape[:2] != s.shape:
        raise FormatError("the file holds several frames, or its header and pixels disagree", source=path)
    spacing = given or s.spacing
    warnings = []
    if spacing is None or min(spacing) <= 0:
        raise ScaleUnknown(
            "the file has no PixelSpacing (ImagerPixelSpacing is that of the detector, not of the finger);"
            " give --pixel-spacing MM",
            source=path,
        )
    if given and s.spacing and not np.allclose(given, s.spacing, rtol=1e-3):
        warnings.append(
            f"the given pixel size replaces the {s.spacing[0]:g} x {s.spacing[1]:g} mm that stand in the file"
        )
    if not _holds_hu(s, values):
        return _from_picture(values, path, spacing, window, level, "DICOM picture", tuple(warnings))
    if s.rescale_type.upper() not in ("", "HU", "US"):
        raise InputError(
            f"the values are declared as '{s.rescale_type}', not as Hounsfield units; export the image in HU",
            source=path,
            private=[s.rescale_type],
        )
    if window is not None:
        warnings.append("the file holds HU, so the given window was not needed")
    if s.excluded.startswith("derived"):
        warnings.append("the image was computed from other images (DICOM calls it derived)")
    return FingerImage(
        np.asarray(values, np.float32),
        Frame(_checked(spacing, path), (0.0, 0.0)),
        np.asarray(values >= s.range_hu[1]),
        abs(s.rescale[0]),
        "DICOM image",
        tuple(warnings),
        dict(s.facts),
        (path,),
    )


def _holds_hu(s: Slice, values: npt.NDArray[Any]) -> bool:
    """CT images with an intercept, or signed ones without; a secondary capture is a picture."""
    if values.ndim != 2 or (s.excluded and not s.acceptable):
        return False
    return s.intercept is not None or s.signed


def _checked(spacing: tuple[float, ...], path: Path) -> tuple[float, float]:
    low, high = PLAUSIBLE_MM
    if not all(low <= v <= high for v in spacing):
        raise InputError(
            f"the PixelSpacing in the file ({spacing[0]:g} mm) cannot be that of a finger image; give the"
            " true one with --pixel-spacing MM",
            source=path,
        )
    return spacing[0], spacing[1]


def _from_picture(
    picture: npt.NDArray[Any],
    path: Path,
    spacing: tuple[float, ...] | None,
    window: float | None,
    level: float | None,
    kind: str,
    warnings: tuple[str, ...] = (),
) -> FingerImage:
    if spacing is None:
        raise ScaleUnknown(
            "a picture does not hold its pixel size (its dpi is for printing); give --pixel-spacing MM",
            source=path,
        )
    grey, coloured = grey_of(picture, path)
    if grey.dtype.kind == "f" or grey.dtype.kind == "i":
        raise InputError(
            f"a picture of {grey.dtype} values does not say whether they are HU; save it as DICOM, or with 8"
            " bits and its window",
            source=path,
        )
    if window is None or level is None:
        raise InputError(
            "grey levels become HU only with the window that the picture was saved with; give its width"
            " and centre, as --window 1500 --level 450",
            source=path,
        )
    top = 255 if grey.dtype == np.uint8 else 65535
    if top == 65535 and int(grey.max()) < _FULL_16_BIT:
        raise InputError(
            f"the 16-bit picture only reaches {int(grey.max())} of 65535, so what white stands for is"
            " unknown; save it with 8 bits",
            source=path,
        )
    hu = unwindowed(grey, window, level, top)
    black, white = grey == 0, grey == top
    step = (window - 1) / top
    told = [
        f"a picture holds steps of {step:.1f} HU, {level - window / 2:.0f} to {level + window / 2:.0f} HU;"
        f" {float(black.mean()):.1%} are black (that or less), {float(white.mean()):.1%} are"
        " white (that or more)"
    ]
    if kind.startswith("J"):
        told.append("JPEG compression has changed grey levels, most of all at edges; PNG or DICOM is better")
    if coloured.any():
        n = int(coloured.sum())
        told.append(f"{n} pixels lie under coloured annotation; their values mean nothing")
    frame = Frame(_checked(spacing, path), (0.0, 0.0))
    return FingerImage(hu, frame, black | white | coloured, step, kind, (*warnings, *told), {}, (path,))
