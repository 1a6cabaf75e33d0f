"""How warnings of the libraries that decode files are dealt with."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

__all__ = ["library_warnings"]

_FILTERS = threading.Lock()


@contextmanager
def library_warnings(action: Literal["ignore", "error"]) -> Iterator[None]:
    """Ignore or raise the warnings of a library while it reads a header.

    Python's warning filters belong to the whole process, so one thread at a time changes them. Keep the
    block short.
    """
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter(action)
        yield
