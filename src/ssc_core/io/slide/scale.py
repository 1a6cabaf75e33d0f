"""Micrometres per pixel: taken from the file or from the user, never from a magnification."""

from __future__ import annotations

import math
from pathlib import Path

from ssc_core.errors import InputError, ScaleUnknown

__all__ = ["PLAUSIBLE", "micrometres", "settle"]

PLAUSIBLE = (0.05, 20.0)
"""Smallest and largest um per pixel that a scanner or a microscope camera gives."""

# as OME, OME-Zarr and ImageJ write them
_UM = {
    "nm": 1e-3, "nanometer": 1e-3, "um": 1.0, "µm": 1.0, "μm": 1.0, "\\u00b5m": 1.0, "micron": 1.0,
    "microns": 1.0, "micrometer": 1.0, "mm": 1e3, "millimeter": 1e3, "cm": 1e4, "centimeter": 1e4,
    "inch": 25400.0, "in": 25400.0, "m": 1e6, "meter": 1e6, "å": 1e-4, "angstrom": 1e-4, "pm": 1e-6,
}  # fmt: skip


def micrometres(value: float, unit: str | None) -> float | None:
    """`value` of a length `unit` in um; None where the unit is absent or no length."""
    factor = _UM.get((unit or "").strip().lower())
    return None if factor is None else value * factor


def settle(
    stated: tuple[float, float] | None, given: float | tuple[float, float] | None, path: Path
) -> tuple[tuple[float, float], tuple[str, ...]]:
    """The pixel size in effect, and what must be said about it.

    Parameters
    ----------
    stated : (float, float) or None
        (y, x) um per pixel as the file has it.
    given : float or (float, float) or None
        What the user typed; it wins.
    path : Path
        Named in errors.

    Raises
    ------
    ScaleUnknown
        Neither is usable.
    InputError
        The user's value is not a plausible one.
    """
    if given is not None:
        return _given(stated, given, path)
    if stated is None:
        raise ScaleUnknown(
            "the file does not say how large a pixel is; give it with --mpp (micrometres per pixel, from the"
            " scanner's documents: a magnification such as 40x does not tell it)",
            source=path,
        )
    if not _plausible(stated):
        raise ScaleUnknown(
            f"the file says that a pixel measures {stated[1]:g} x {stated[0]:g} um, which no scanner"
            f" gives ({PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} um); give the true value with --mpp",
            source=path,
        )
    return stated, ()


def _given(
    stated: tuple[float, float] | None, given: float | tuple[float, float], path: Path
) -> tuple[tuple[float, float], tuple[str, ...]]:
    y, x = given if isinstance(given, tuple) else (given, given)
    mpp = (float(y), float(x))
    if not _plausible(mpp):
        raise InputError(
            f"--mpp {mpp[0]:g} is not a pixel size of a slide; give micrometres per pixel between"
            f" {PLAUSIBLE[0]:g} and {PLAUSIBLE[1]:g}",
            source=path,
        )
    if stated is None:
        return mpp, ()
    if not _plausible(stated):
        return mpp, (
            f"the file's own pixel size ({stated[1]:g} x {stated[0]:g} um) is implausible and not used",
        )
    off = max(abs(a / b - 1.0) for a, b in zip(mpp, stated, strict=True))
    if off <= 0.01:
        return mpp, ()
    return mpp, (
        f"the given pixel size ({mpp[1]:g} x {mpp[0]:g} um) differs by {100 * off:.1f} % from the file's"
        f" ({stated[1]:g} x {stated[0]:g} um)",
    )


def _plausible(mpp: tuple[float, float]) -> bool:
    low, high = PLAUSIBLE
    return all(math.isfinite(v) and low <= v <= high for v in mpp)
