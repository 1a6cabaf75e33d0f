"""Measure systemic sclerosis in images: skin, lung and calcinosis.

Pure compute: no viewer, no printing, no global settings. Names are imported when they are first used, so that
``import ssc_core`` stays as light as numpy and pandas.
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import Any

# public name -> module it lives in; sorted, and tested against __all__ and dir()
_PUBLIC = {
    "Box": "ssc_core.geometry",
    "Cancelled": "ssc_core.errors",
    "Frame": "ssc_core.geometry",
    "InputError": "ssc_core.errors",
    "Measurement": "ssc_core.results",
    "RunRecord": "ssc_core.results",
    "SscError": "ssc_core.errors",
}
_ROOMS = ("calcinosis", "lung", "phantoms", "skin", "stats")

__all__ = sorted([*_PUBLIC, *_ROOMS, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    if name in _ROOMS:
        return import_module(f"ssc_core.{name}")
    if name == "__version__":
        return metadata.version("napari-ssc")
    raise AttributeError(f"module 'ssc_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
