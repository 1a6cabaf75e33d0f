"""Where corrections are kept while they are made, so that a killed program loses at most the last stroke."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ssc_core.progress import Tick

__all__ = ["digest_of", "journal_folder", "waiting"]


def digest_of(volume: Any, tick: Tick) -> str:
    """Digest of the files of a CT: it finds the corrections of this CT again, and names nobody."""
    from ssc_core.lung.lnet.digests import digest_of_files

    tick(0.0, 1.0, "recognising the CT")
    if not volume.files:  # made from an array
        return hashlib.sha256(volume.pixels.token.encode()).hexdigest()
    return digest_of_files(volume.files)


def journal_folder(digest: str) -> Path:
    """Where the corrections of a CT are kept, whether or not there are any."""
    return _base() / digest.removeprefix("sha256:")[:32]


def waiting() -> bool:
    """Whether the corrections of any CT wait to be taken up."""
    base = _base()
    return base.is_dir() and any(p.is_dir() and not p.name.startswith(".") for p in base.iterdir())


def _base() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("napari-ssc", appauthor=False)) / "corrections"
