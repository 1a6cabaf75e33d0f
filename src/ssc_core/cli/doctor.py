"""``ssc doctor``: what is installed, in which version, and what is missing."""

from __future__ import annotations

import os
import platform
from importlib import metadata, util

from cyclopts import App

from ssc_core.results import versions

__all__ = ["app"]

app = App(name="doctor", result_action="return_value")

_OPTIONAL = {
    "napari": "the viewer: pip install 'napari-ssc[all]'",
    "timm": "more backbones: pip install 'napari-ssc[timm]'",
    "distributed": "clusters: pip install 'napari-ssc[cluster]'",
}


@app.default
def doctor() -> None:
    """Show versions, what is installed and what is missing."""
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    for name, version in versions().items():
        print(f"{name:<26} {version}")
    for name, use in _OPTIONAL.items():
        found = metadata.version(name) if util.find_spec(name) else f"not installed ({use})"
        print(f"{name:<26} {found}")
