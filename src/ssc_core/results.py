"""What every analysis returns: numbers with their passport."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any

__all__ = ["Measurement", "RunRecord", "record_run", "versions"]

# What changes numbers when its version changes.
_LIBRARIES = (
    "napari-ssc", "connected-components-3d", "numpy", "opencv-python-headless", "openslide-bin", "pandas",
    "scikit-image", "scikit-learn", "scipy", "simpleitk", "statsmodels", "tifffile", "torch", "zarr",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number with its unit, its interval and what must be said about it.

    Parameters
    ----------
    value : float
        NaN when it could not be measured; `note` then says why. Missing is never zero.
    unit : str
        Unit for people, "" for a pure number.
    low, high : float, optional
        Ends of the interval named in `note`; NaN when none is known.
    note : str, optional
        How it was found, or why it is missing.
    """

    value: float
    unit: str = ""
    low: float = math.nan
    high: float = math.nan
    note: str = ""

    def __str__(self) -> str:
        if math.isnan(self.value):
            return f"not measured ({self.note})" if self.note else "not measured"
        text = f"{self.value:.4g}"
        if not (math.isnan(self.low) or math.isnan(self.high)):
            text += f" ({self.low:.4g} to {self.high:.4g})"
        return f"{text} {self.unit}".rstrip()


@dataclass(frozen=True)
class RunRecord:
    """What was done, with what, so that it can be done again. Holds nothing that identifies a patient.

    Parameters
    ----------
    what : str
        The command, as "lung analyse".
    parameters : mapping
        Every parameter with the value that was in effect.
    inputs : mapping
        Role ("ct", "roi" ...) to the digest of what was read, never a file name.
    seed : int, optional
        The effective seed.
    weights : mapping
        Network name to the sha256 of its weights.
    versions : mapping
        Libraries that can change a number.
    device : str
        Where it was computed.
    warnings : tuple of str
        Everything the user should know before trusting the numbers.
    """

    what: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The record as stable, sorted JSON (no time stamp: equal runs give equal bytes)."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def versions() -> dict[str, str]:
    """Versions of Python and of every library that can change a number."""
    out = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return out


def record_run(
    what: str,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, str],
    *,
    seed: int | None = None,
    warnings: tuple[str, ...] = (),
    weights: Mapping[str, str] | None = None,
    device: str = "cpu",
) -> RunRecord:
    """A :class:`RunRecord` with this machine's library versions filled in."""
    return RunRecord(
        what, dict(parameters), dict(inputs), seed, dict(weights or {}), versions(), device, warnings
    )
