"""One run off the GUI thread: progress in, cancel at any tick, the result or one readable sentence out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from napari.qt.threading import WorkerBase, WorkerBaseSignals
from qtpy.QtCore import Signal

from napari_ssc._settings import threads
from ssc_core.errors import Cancelled
from ssc_core.progress import Tick
from ssc_core.threads import threads_limited

__all__ = ["Job"]

_SECONDS_BETWEEN_SIGNALS = 0.05


class _Signals(WorkerBaseSignals):
    progressed = Signal(float, str, float)


class Job(WorkerBase):
    """Run ``work(tick)`` in a thread.

    Signals: ``progressed(fraction, what, seconds_left)`` (NaN while unknown), ``returned(result)``,
    ``errored(exception)`` and ``finished()``. After :meth:`quit`, the next tick of the work raises
    ``Cancelled`` inside it, and nothing is returned.

    Parameters
    ----------
    work : callable
        Given a tick; returns the result.
    """

    def __init__(self, work: Callable[[Tick], Any]) -> None:
        super().__init__(SignalsClass=_Signals)
        self._work: Callable[[Tick], Any] | None = work
        self._began = self._last = 0.0
        self._heard: list[tuple[str, Callable[..., Any]]] = []
        self.finished.connect(self._release)

    def on(self, name: str, hear: Callable[..., Any]) -> None:
        """Connect `hear` to a signal until the job has finished.

        Whoever listens is often what the job was made by: let go of it, or neither is ever freed.
        """
        getattr(self, name).connect(hear)
        self._heard.append((name, hear))

    def _release(self) -> None:
        for name, hear in self._heard:
            getattr(self, name).disconnect(hear)
        self._heard, self._work = [], None
        self.finished.disconnect(self._release)

    def work(self) -> Any:
        """Called by Qt in the other thread."""
        self._began = time.monotonic()
        work = self._work
        assert work is not None
        try:
            with threads_limited(threads()):
                return work(self._tick)
        except Cancelled:
            self.quit()  # so that nothing is returned
            return None

    def _tick(self, done: float, total: float, what: str, /) -> None:
        if self.abort_requested:
            raise Cancelled
        now = time.monotonic()
        if now - self._last > _SECONDS_BETWEEN_SIGNALS or done >= total:
            self._last = now
            fraction = done / total if total else 0.0
            spent = now - self._began
            left = spent / fraction * (1 - fraction) if fraction > 0.05 and spent > 1 else float("nan")
            self.progressed.emit(fraction, what, left)
