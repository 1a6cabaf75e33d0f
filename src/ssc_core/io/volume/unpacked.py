"""The content of a gzip file, unpacked once, to a scratch file rather than to memory.

The scratch file has no name (where the system allows that) or ends with its handle, so nobody has to clean
up, and it lies where ``tempfile`` puts it. Content below :data:`IN_MEMORY_BYTES` is kept in memory.
"""

from __future__ import annotations

import gzip
import io
import mmap
import tempfile
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ssc_core.errors import FormatError, OutputError
from ssc_core.progress import Tick, silent

__all__ = ["IN_MEMORY_BYTES", "UNREADABLE", "Unpacked"]

IN_MEMORY_BYTES = 1 << 26
"""Content up to this size is not worth a scratch file."""

UNREADABLE = (OSError, EOFError, zlib.error)
"""What the standard library raises for a gzip file that is truncated or damaged."""

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Unpacked:
    """The first `size` bytes of what `file` unpacks to.

    It travels to other processes by its path; each of them unpacks for itself.

    Parameters
    ----------
    file : Path
        A gzip file.
    size : int
        How many bytes are needed, at least one. What follows them is read, for its checksum, and dropped.
    """

    file: Path
    size: int
    _kept: dict[str, IO[bytes]] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def unpack(self, tick: Tick = silent) -> None:
        """Unpack now, if that was not done yet; other threads wait meanwhile.

        Parameters
        ----------
        tick : Tick
            Told how many bytes are unpacked. If it stops the work, nothing is kept.

        Raises
        ------
        FormatError
            If the file is truncated or damaged.
        OutputError
            If the scratch file cannot be written.
        """
        with self._lock:
            if "content" in self._kept:
                return
            if self.size <= IN_MEMORY_BYTES:
                content: IO[bytes] = io.BytesIO()
                self._fill(content, tick)
            else:
                content = self._scratch(tick)
                weakref.finalize(self, content.close)
            self._kept["content"] = content

    def buffer(self) -> Any:
        """The content, read-only; of a scratch file only the pages that are read come to memory."""
        self.unpack()
        content = self._kept["content"]
        if isinstance(content, io.BytesIO):
            return content.getbuffer().toreadonly()
        return mmap.mmap(content.fileno(), self.size, access=mmap.ACCESS_READ)

    def _scratch(self, tick: Tick) -> IO[bytes]:
        try:
            file = tempfile.TemporaryFile()  # noqa: SIM115
            try:
                self._fill(file, tick)
                file.flush()
            except BaseException:
                with suppress(OSError):  # closing writes what is left, which a full disk refuses again
                    file.close()
                raise
        except OSError as error:
            raise OutputError(
                f"unpacking it takes {max(1, self.size >> 20)} MB in the folder for temporary files, which"
                f" cannot be written ({(error.strerror or 'error').lower()}); make room there, or name"
                " another folder in the environment variable TMPDIR",
                source=self.file,
            ) from error
        return file

    def _fill(self, content: IO[bytes], tick: Tick) -> None:
        left = self.size
        for block in self._blocks():
            tick(self.size - left, self.size, "unpacking the file")
            content.write(block[:left])
            left = max(0, left - len(block))
        if left:
            raise FormatError("the file is truncated or damaged", source=self.file)
        tick(self.size, self.size, "unpacking the file")

    def _blocks(self) -> Iterator[bytes]:
        """All of the content, to the checksum at its end."""
        try:
            with gzip.open(self.file) as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except UNREADABLE as error:
            raise FormatError("the file is truncated or damaged", source=self.file) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return Unpacked, (self.file, self.size)
