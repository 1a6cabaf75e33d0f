"""One digest for several files or tables, in no particular order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ssc_core.io.digest import file_digest

__all__ = ["digest_of_files", "joined"]


def digest_of_files(files: Iterable[Path]) -> str:
    """``sha256:...`` of the files of a CT; that of the file itself where there is one."""
    return joined(map(file_digest, files))


def joined(digests: Iterable[str]) -> str:
    """One digest of several."""
    each = sorted(digests)
    if len(each) == 1:
        return each[0]
    return "sha256:" + hashlib.sha256("\n".join(each).encode()).hexdigest()
