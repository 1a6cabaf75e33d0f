"""How long work tells that it goes on, and how it is stopped.

The core knows one callable, ``tick(done, total, what)``. Whoever calls may draw a bar, feed a widget or do
nothing; raising :class:`~ssc_core.errors.Cancelled` from it stops the work at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

__all__ = ["Tick", "share", "silent", "track"]

T = TypeVar("T")


class Tick(Protocol):
    """``tick(done, total, what)``: `done` of `total` steps of `what` are behind us."""

    def __call__(self, done: float, total: float, what: str, /) -> None:
        """Tell how far `what` is; raise :class:`~ssc_core.errors.Cancelled` to stop it."""


def silent(done: float, total: float, what: str, /) -> None:
    """Ignore progress (the default everywhere)."""


def track(items: Iterable[T], tick: Tick, what: str, total: int | None = None) -> Iterator[T]:
    """Yield `items`, ticking before each one and once at the end.

    Parameters
    ----------
    items : iterable
        What is walked over.
    tick : Tick
        Told how many items are done; may raise :class:`~ssc_core.errors.Cancelled`.
    what : str
        Name of the work, for people.
    total : int, optional
        Number of items; ``len(items)`` when it has a length.
    """
    if total is None:
        total = len(items) if isinstance(items, Sized) else 0
    done = 0
    for item in items:
        tick(done, total, what)
        yield item
        done += 1
    tick(done, max(total, done), what)


def share(tick: Tick, start: float, stop: float, total: float = 1.0) -> Tick:
    """A tick for one part of a longer run: its 0..1 becomes `start`..`stop` of `total`.

    Examples
    --------
    >>> seen = []
    >>> part = share(lambda done, total, what: seen.append(done / total), 0.5, 1.0)
    >>> part(1, 2, "second half")
    >>> seen
    [0.75]
    """

    def part(done: float, all_: float, what: str, /) -> None:
        fraction = done / all_ if all_ else 1.0
        tick(start + (stop - start) * min(max(fraction, 0.0), 1.0), total, what)

    return part
