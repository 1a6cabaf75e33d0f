"""The errors a user can meet, as one tree. Each is also the builtin that a Python caller expects.

::

    SscError
    |-- InputError (ValueError)         something given cannot be used; exit code 2
    |   |-- FormatError                 truncated, wrong type, unreadable
    |   |-- ScaleUnknown                no pixel size in the file and none given
    |   |-- GeometryError               gaps, duplicates, mixed spacing, frames that differ
    |   |-- ChoiceNeeded                several scenes or series, one must be named
    |   `-- EmptyError                  nothing left to measure (empty mask, blank image)
    |-- OutputError (OSError)           the result cannot be written; exit code 2
    |-- CasesFailed (RuntimeError)      a batch went on to its end, some cases failed; exit code 3
    `-- Cancelled (RuntimeError)        the user stopped the run; exit code 130

A message is one sentence that names the file and the way out. What the user typed, and what stands in a
file name, may identify a patient: it may be shown, but never stored. :attr:`SscError.storable` is the same
sentence without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "Cancelled",
    "CasesFailed",
    "ChoiceNeeded",
    "EmptyError",
    "FormatError",
    "GeometryError",
    "InputError",
    "OutputError",
    "ScaleUnknown",
    "SscError",
]


class SscError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What is wrong and the way out, in one sentence, without the file's name.
    source : path-like, optional
        The file or folder concerned; shown before the message, never stored.
    private : iterable of str, optional
        Further strings inside `message` that came from the user's files (names of slices, identifiers).
    """

    exit_code = 2

    def __init__(
        self, message: str, *, source: str | Path | None = None, private: Iterable[str] = ()
    ) -> None:
        self.message = message
        self.source = None if source is None else str(source)
        self.private = tuple(str(p) for p in private if str(p))
        super().__init__(message if self.source is None else f"{self.source}: {message}")

    @property
    def storable(self) -> str:
        """The message without anything that came from file names or file contents."""
        text = self.message
        names = set(self.private)
        if self.source is not None:
            names |= {self.source, Path(self.source).name}
        for name in sorted(names, key=len, reverse=True):
            if name:
                text = text.replace(name, "<name>")
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.source, self.private)


def _rebuild(kind: type[SscError], message: str, source: str | None, private: tuple[str, ...]) -> SscError:
    return kind(message, source=source, private=private)


class InputError(SscError, ValueError):
    """Something given cannot be used."""


class FormatError(InputError):
    """A file is truncated, of another type than it claims, or unreadable."""


class ScaleUnknown(InputError):
    """The physical size of a pixel is neither in the file nor given."""


class GeometryError(InputError):
    """Positions of slices or frames of images do not fit together."""


class ChoiceNeeded(InputError):
    """A file or folder holds several candidates and one must be named."""


class EmptyError(InputError):
    """Nothing is left to measure."""


class OutputError(SscError, OSError):
    """A result cannot be written where it was asked for."""

    def __str__(self) -> str:  # OSError would print its arguments in its own way
        return str(self.args[0])


class CasesFailed(SscError, RuntimeError):
    """A batch reached its end, and some of its cases failed."""

    exit_code = 3


class Cancelled(SscError, RuntimeError):
    """The user stopped the run."""

    exit_code = 130

    def __init__(
        self,
        message: str = "stopped; nothing half-written was left behind",
        *,
        source: str | Path | None = None,
        private: Iterable[str] = (),
    ) -> None:
        super().__init__(message, source=source, private=private)
