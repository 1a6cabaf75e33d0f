"""Open a TIFF to look at its structure: quietly, checked for its end, and with our errors."""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile

from ssc_core.errors import FormatError

__all__ = ["BROKEN", "NotDirect", "inspected"]

BROKEN = (
    tifffile.TiffFileError, ElementTree.ParseError, OSError, EOFError, ValueError, KeyError, IndexError,
    TypeError, AttributeError, AssertionError, RuntimeError, ZeroDivisionError, OverflowError, MemoryError,
    struct.error,
)  # fmt: skip
"""What tifffile and the codecs raise on damaged files (RuntimeError is the base of the codecs' errors)."""


class NotDirect(Exception):
    """The pages need another reader, or none can read them; the text says why."""


@contextmanager
def inspected(path: Path) -> Iterator[Any]:
    """The open :class:`tifffile.TiffFile`.

    Raises
    ------
    FormatError
        If the file ends before its last page, or anything in it cannot be understood.
    """
    try:
        with _quiet(), tifffile.TiffFile(path) as file:
            _to_the_end(path, file)
            yield file
    except (FormatError, NotDirect):
        raise
    except BROKEN as error:
        raise FormatError(
            "the TIFF structure is damaged; fetch or export the file again", source=path
        ) from error


def _to_the_end(path: Path, file: Any) -> None:
    """Refuse a truncated file, even if only its label or its smallest level is gone.

    Pages are a chain, each naming the next and its own pixels: then one of them names a place beyond the end.
    """
    pages = list(file.pages)
    place = file.pages.next_page_offset
    file.filehandle.seek(place)
    following = file.filehandle.read(file.tiff.offsetsize)
    lost = any(_end(p) > file.filehandle.size for p in pages)
    if lost or len(following) < file.tiff.offsetsize or any(following):
        raise FormatError("the file is truncated; fetch or export it again", source=path)


def _end(page: Any) -> int:
    """Where the pixels of a page end."""
    parts = min(len(page.dataoffsets), len(page.databytecounts))
    ends = np.asarray(page.dataoffsets[:parts], np.int64) + np.asarray(page.databytecounts[:parts], np.int64)
    return int(ends.max(initial=0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep tifffile's remarks on this thread's file to ourselves: what matters becomes an error of ours."""
    here = threading.get_ident()

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    log = logging.getLogger("tifffile")
    log.addFilter(elsewhere)
    try:
        yield
    finally:
        log.removeFilter(elsewhere)
