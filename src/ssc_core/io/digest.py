"""What a file holds, as a digest that can be stored where its name cannot."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["file_digest"]


def file_digest(path: str | Path) -> str:
    """``sha256:...`` of a file, or of a folder's files together (order and names do not matter)."""
    path = Path(path)
    if path.is_dir():
        digests = sorted(file_digest(p) for p in path.rglob("*") if p.is_file())
        return "sha256:" + hashlib.sha256("\n".join(digests).encode()).hexdigest()
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
