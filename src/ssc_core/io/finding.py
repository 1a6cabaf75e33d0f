"""Looking for images in a folder without taking our own results for them."""

from __future__ import annotations

from pathlib import Path

from ssc_core.io.output import RECORD

__all__ = ["folders_above", "is_no_input"]


def folders_above(path: Path, root: Path) -> list[Path]:
    """`root` and the folders between it and `path`, the outermost first."""
    return [root, *(root / p for p in reversed(path.relative_to(root).parents[:-1]))]


def is_no_input(path: Path, root: Path) -> bool:
    """Whether `path` is hidden, lies in a result of ours (``run.json``) or is a part of an OME-Zarr image."""
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    above = folders_above(path, root)
    return hidden or any(f.suffix.lower() == ".zarr" or (f / RECORD).is_file() for f in above)
