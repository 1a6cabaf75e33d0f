"""One mask while it is corrected: every change goes through the history of the core and onto the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from napari_ssc.lung.view import View, show_slice, show_view, view_of
from ssc_core.lung.refinement import Action, Change, History, Journal

__all__ = ["Session"]


class Session:
    """Changes to one Labels layer, with the view in which each was made.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows the layer.
    layer : napari.layers.Labels
        Its data become the labels of the history and change in place.
    volume : Volume
        The CT below.
    hu : array (z, y, x)
        The CT laid out for reading in every plane.
    history : History
        Of the labels.
    journal : Journal
        Into which the history records.
    """

    def __init__(
        self, viewer: Any, layer: Any, volume: Any, hu: Any, history: History, journal: Journal
    ) -> None:
        self.viewer, self.layer, self.volume, self.hu = viewer, layer, volume, hu
        self.history, self.journal = history, journal
        self.frame = volume.frame
        self.who = ""
        self.changed: list[Callable[[], None]] = []
        """Called after every step."""
        self.settle: Callable[[], None] = lambda: None
        """Called before every step: what others painted on the layer is recorded first."""
        self._views: dict[int, View] = {}
        layer.data = history.labels
        layer.editable = True

    @property
    def labels(self) -> Any:
        """The labels as they are."""
        return self.history.labels

    def apply(self, change: Change | None) -> Change | None:
        """Carry out and record a change; what of it lies in approved slices is spared.

        Raises
        ------
        InputError, OutputError
            If all of it does, or it cannot be recorded; nothing is changed then.
        """
        done: Change | None = self._step(lambda: self.history.apply(change, self.who, _now()))
        return done

    def approve(self, slices: Iterable[int]) -> None:
        """Approve and lock axial slices."""
        self._step(lambda: self.history.approve(slices, self.who, _now()))

    def withdraw(self, slices: Iterable[int]) -> None:
        """Unlock axial slices."""
        self._step(lambda: self.history.withdraw(slices, self.who, _now()))

    def undo(self) -> Action | None:
        """Take the last step back and look where it was made."""
        return self._back_or_forth(self.history.undo)

    def redo(self) -> Action | None:
        """Do the next step again and look where it was made."""
        return self._back_or_forth(self.history.redo)

    def saved(self) -> None:
        """Say that the mask was saved and read back."""
        self.history.mark_saved(self.who, _now())
        self._tell()

    def end(self) -> None:
        """Stop; the journal stays unless everything in it was saved."""
        self.changed.clear()
        if not self.history.dirty:
            self.journal.discard()

    def refresh(self) -> None:
        """Show the labels as they are."""
        self.layer.refresh(extent=False, thumbnail=False)

    def _step(self, do: Callable[[], Any]) -> Any:
        self.settle()
        before, view = self.history.position, view_of(self.viewer)
        try:
            done = do()
        finally:
            self.refresh()
        if self.history.position != before:
            self._views = {n: v for n, v in self._views.items() if n < before} | {before: view}
        self._tell()
        return done

    def _back_or_forth(self, go: Callable[[str, str], Action | None]) -> Action | None:
        self.settle()
        before = self.history.position
        step = go(self.who, _now())
        if step is not None:
            view = self._views.get(min(before, self.history.position))
            if view is not None:
                show_view(self.viewer, view)
            elif step.place is not None:  # made before a restart
                show_slice(self.viewer, *step.place, self.layer)
        self.refresh()
        self._tell()
        return step

    def _tell(self) -> None:
        for listener in self.changed:
            listener()


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
