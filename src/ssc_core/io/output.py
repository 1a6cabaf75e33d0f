"""Results reach a folder whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssc_core.errors import OutputError

__all__ = ["RECORD", "claim", "staged", "sweep"]

RECORD = "run.json"
"""Name of the run record; a folder that holds one is ours and may be written again."""


@contextmanager
def staged(folder: str | Path) -> Iterator[Path]:
    """Write a result beside its folder and move it into place at the end.

    Parameters
    ----------
    folder : path-like
        Where the result shall stand. It may be new, empty, or hold an earlier result (a ``run.json``), which
        is replaced only once the new one is complete.

    Yields
    ------
    Path
        A temporary folder on the same disk. It vanishes when the block raises, whatever the reason.

    Raises
    ------
    OutputError
        If the folder holds files that are not an earlier result, cannot be written, or the disk is full.
    """
    target = Path(folder)
    _refuse_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise OutputError(_cannot(error), source=target) from error
    try:
        try:
            yield work
            work.chmod(0o755)  # mkdtemp makes it private
            _swap(work, target)
        except OSError as error:
            if isinstance(error, OutputError) or not _is_about_writing(error, work):
                raise
            raise OutputError(_cannot(error), source=target) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sweep(folder: str | Path) -> None:
    """Remove what :func:`staged` left beside `folder` when its program was killed; nothing may be writing it.

    An earlier result that a kill left between its moves (``.earlier``) goes too, if `folder` stands again.
    """
    target = Path(folder)
    mine = re.compile(re.escape(f".{target.name[:40]}-") + r"[a-z0-9_]{8}\.(partial|earlier)")
    endings = (".partial", ".earlier") if target.exists() else (".partial",)
    for path in target.parent.iterdir() if target.parent.is_dir() else ():
        if mine.fullmatch(path.name) and path.suffix in endings:
            shutil.rmtree(path, ignore_errors=True)


def claim(folder: str | Path) -> Path:
    """Make a folder that is written into step by step (a batch, a study), or take up an earlier one.

    Raises
    ------
    OutputError
        If it holds files that are not an earlier result, or cannot be made.
    """
    target = Path(folder)
    try:
        _refuse_foreign(target)
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(_cannot(error), source=target) from error
    return target


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError("this is a file; name a folder for the result with -o", source=target)
    names = {p.name for p in target.iterdir()}
    if names and RECORD not in names:
        raise OutputError(
            "the folder holds files that are not an earlier result; name a new or empty folder with -o",
            source=target,
        )


def _swap(work: Path, target: Path) -> None:
    """Put `work` where `target` is. A kill between the two moves leaves the earlier result beside it."""
    if not target.exists():
        work.replace(target)
        return
    old = work.with_suffix(".earlier")
    target.replace(old)
    try:
        work.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _is_about_writing(error: OSError, work: Path) -> bool:
    """Whether `error` came from the disk we write to, and not from reading an input."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return True
    names = [n for n in (error.filename, error.filename2) if isinstance(n, str | os.PathLike)]
    return any(str(n).startswith(str(work)) for n in names)


def _cannot(error: OSError) -> str:
    reason = (error.strerror or "unknown reason").lower()
    return f"the result cannot be written here ({reason}); make room or name another folder with -o"
