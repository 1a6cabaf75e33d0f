"""What a file holds, as a digest that can be stored where its name cannot."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["array_digest", "file_digest"]


def file_digest(path: str | Path) -> str:
    """``sha256:...`` of a file, or of a folder's files together (order and names do not matter)."""
    path = Path(path)
    if path.is_dir():
        digests = sorted(file_digest(p) for p in path.rglob("*") if p.is_file())
        return "sha256:" + hashlib.sha256("\n".join(digests).encode()).hexdigest()
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def array_digest(values: npt.NDArray[Any]) -> str:
    """``sha256:...`` of what an array holds: shape, type and values, however it lies in memory or on disk."""
    told = f"{values.dtype.newbyteorder('<').str} {' '.join(map(str, values.shape))}\n"
    digest = hashlib.sha256(told.encode())
    for part in values if values.ndim > 1 else [values]:  # slice by slice: no copy of the whole
        digest.update(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).data)
    return f"sha256:{digest.hexdigest()}"
