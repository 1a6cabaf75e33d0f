"""Files of a case: images or volumes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ssc_core.io.digest import file_digest

__all__ = ["files_digest", "is_volume"]

_VOLUMES = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd")


def is_volume(path: Path) -> bool:
    """Whether a case's image is a volume: a folder of slices, or a file of one."""
    return path.is_dir() or path.name.lower().endswith(_VOLUMES)


def files_digest(files: Sequence[Path]) -> str:
    """One digest for all files of a volume, whatever their names."""
    if len(files) == 1:
        return file_digest(files[0])
    return "sha256:" + hashlib.sha256("\n".join(sorted(map(file_digest, files))).encode()).hexdigest()
