"""Waiting for slow work where napari wants an answer at once: the window stays alive, the user can stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEventLoop, Qt, QThread
from qtpy.QtWidgets import QApplication, QProgressDialog

from napari_ssc._job import Job
from ssc_core.errors import Cancelled
from ssc_core.progress import Tick, silent

__all__ = ["waited"]

_MS_BEFORE_SHOWN = 400


def waited(work: Callable[[Tick], Any], what: str) -> Any:
    """The result of ``work(tick)``, done in another thread behind a dialog with progress and *Cancel*.

    Without a window (in a script) it is simply done.

    Parameters
    ----------
    work : callable
        Given a tick; returns the result.
    what : str
        What the dialog says.

    Raises
    ------
    Cancelled
        If the user stopped it.
    """
    application = QApplication.instance()
    if application is None or QThread.currentThread() is not application.thread():
        return work(silent)
    outcome: dict[str, Any] = {}
    loop, job = QEventLoop(), Job(work)
    dialog = QProgressDialog(what, "Cancel", 0, 1000, QApplication.activeWindow())
    dialog.setWindowModality(
        Qt.WindowModality.ApplicationModal
    )  # nothing else may change the layers meanwhile
    dialog.setMinimumDuration(_MS_BEFORE_SHOWN)
    dialog.setAutoReset(False)
    dialog.setValue(0)

    def progressed(fraction: float, told: str, _left: float) -> None:
        dialog.setLabelText(f"{told[:1].upper()}{told[1:]} ...")
        # a step of unknown length shows a busy bar
        dialog.setRange(0, 1000 if fraction < 1 else 0)
        if fraction < 1:
            dialog.setValue(int(fraction * 1000))

    job.progressed.connect(progressed)
    job.returned.connect(lambda result: outcome.update(result=result))
    job.errored.connect(lambda error: outcome.update(error=error))
    job.finished.connect(loop.quit)
    dialog.canceled.connect(job.quit)
    dialog.canceled.connect(loop.quit)
    job.start()
    loop.exec()
    dialog.close()
    dialog.deleteLater()
    if "error" in outcome:
        raise outcome["error"]
    if "result" not in outcome:
        raise Cancelled("opening was stopped")
    return outcome["result"]
